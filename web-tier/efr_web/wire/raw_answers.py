"""Answers to what never becomes a request of the application: they look like all others."""

import json
from http import HTTPStatus
from typing import Final

from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from werkzeug.exceptions import ExpectationFailed as NoSuchExpectation
from werkzeug.exceptions import NotImplemented as UnknownCoding
from werkzeug.exceptions import RequestHeaderFieldsTooLarge, RequestURITooLarge

from core.errors import BadRequest, FaceServiceError, RequestTimedOut
from efr_web.answer_headers import ALWAYS
from efr_web.middleware import Failure, code_of, status_of

TEXTS: Final[dict[Failure, str]] = {
    RequestURITooLarge: "the first line of the request is too long",
    RequestHeaderFieldsTooLarge: "the request has too many headers, or too long ones",
    UnknownCoding: "a body may be chunked, and coded in no other way",
    NoSuchExpectation: "the service knows no expectation but 100-continue",
    RequestTimedOut: "the rest of the request did not come",
    BadRequest: "this is no request of HTTP/1.1",
    FaceServiceError: "unexpected error; it has been logged",
}
"""What is told of each refusal. None repeats what the client sent."""

_KINDS: Final[tuple[tuple[type[Exception], Failure], ...]] = (
    (LimitRequestLine, RequestURITooLarge),
    (LimitRequestHeaders, RequestHeaderFieldsTooLarge),
    (UnsupportedTransferCoding, UnknownCoding),
    (ExpectationFailed, NoSuchExpectation),
    (ParseException, BadRequest),
    (Exception, FaceServiceError),
)


def kind_of(error: Exception) -> Failure:
    """Return what clients call an error that gunicorn met."""
    return next(kind for listed, kind in _KINDS if isinstance(error, listed))


def raw_answer(kind: Failure, request_id: str) -> bytes:
    """Return the bytes of an answer after which the connection is closed."""
    status = HTTPStatus(status_of(kind))
    told = {
        "error": TEXTS[kind],
        "code": code_of(kind),
        "retryable": kind is RequestTimedOut,
        "request_id": request_id,
    }
    body = json.dumps(told) + "\n"
    headers = {
        **ALWAYS,
        "Connection": "close",
        "Content-Length": str(len(body)),
        "Content-Type": "application/json",
        "X-Request-ID": request_id,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{lines}\r\n{body}".encode()
