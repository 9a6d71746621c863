"""What every request meets: an id, a line in the log, and errors that are JSON."""

import io
import logging
import math
import re
import time
import uuid
from contextlib import ExitStack
from typing import IO, Final

from flask import Flask, Request, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from core.errors import (
    BadRequest,
    Conflict,
    FaceServiceError,
    FileTooLarge,
    Forbidden,
    FormTooLarge,
    IdempotencyConflict,
    InvalidPhoto,
    KeyRefused,
    ModelMismatch,
    NotFound,
    ObjectMissing,
    RateLimited,
    RecognitionTimedOut,
    RecognizerDied,
    RequestTimedOut,
    ServiceUnavailable,
    TooBusy,
    TooManyJobs,
)
from core.ground.ids import is_job_id
from core.ground.realms import TRACE_NOTE
from core.host.logs import log_fields
from core.host.metrics import metrics
from core.host.tracing import ERROR, JOB, UNTRACED_SPAN, Span, tracing
from core.settings import Settings

log = logging.getLogger(__name__)

_RETRY_AFTER_S: Final = {429: 1, 503: 5}
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MEASURED: Final = frozenset(
    {"/", "/status/<job_id>", "/faces/match", "/faces/verify", "/faces/detect", "/faces/index"}
)
"""Routes that are measured each for itself."""
_UNTRACED: Final = frozenset({"/health", "/ready"})
"""Routes that are asked again and again by machines."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")

_STATUS: Final[tuple[tuple[type[FaceServiceError], int], ...]] = (
    (IdempotencyConflict, 422),
    (RequestTimedOut, 408),
    (BadRequest, 400),
    (KeyRefused, 401),
    (Forbidden, 403),
    (InvalidPhoto, 400),
    (NotFound, 404),
    (ObjectMissing, 404),
    (Conflict, 409),
    (ModelMismatch, 409),
    (TooBusy, 429),
    (RateLimited, 429),
    (TooManyJobs, 429),
    (ServiceUnavailable, 503),
    (RecognizerDied, 503),
    (RecognitionTimedOut, 504),
    (FaceServiceError, 500),
)

_TEXT_5XX: Final = {
    500: "unexpected error; it has been logged",
    503: "a part of the service is not available; nothing was accepted, try again later",
    504: "the photo was not recognised within the time that one photo has",
}

Failure = type[FaceServiceError] | type[HTTPException]


class PhotoRequest(Request):
    """A request whose file stays in memory: it is bounded, and leaves no temporary file."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


def status_of(kind: Failure) -> int:
    """Return the HTTP status of an error."""
    if issubclass(kind, HTTPException):
        return kind.code or 500
    return next(status for listed, status in _STATUS if issubclass(kind, listed))


def code_of(kind: Failure) -> str:
    """Return the name that clients know an error by."""
    if issubclass(kind, HTTPException):
        return kind().name.upper().replace(" ", "_")
    return kind.code


def note_job(job_id: str) -> None:
    """Have the request's further log lines, and its trace, say which job it is about."""
    if is_job_id(job_id):  # else it is any text of the client's
        g.job_id = job_id
        g.log_scope.enter_context(log_fields(job_id=job_id))
        g.span.set({JOB: job_id})


def count_request(route: str | None, method: str, status: int, spent_s: float) -> None:
    """Count a request by its route; clients may make up paths and methods without end."""
    metrics().requests.labels(route or "none", _known(method), str(status)).inc()
    is_measured = route in _MEASURED and (route != "/" or method == "POST")  # not the page
    measured = route if is_measured else "other"
    metrics().request_seconds.labels(measured).observe(spent_s)


def _route() -> str | None:
    return request.url_rule.rule if request.url_rule else None


def _known(method: str) -> str:
    return method if method in _METHODS else "other"


def _begin_span(route: str | None) -> Span:
    """Begin the request's span; a client that sends W3C's ``traceparent`` is its parent."""
    if route in _UNTRACED:
        return UNTRACED_SPAN
    method = _known(request.method)
    told = {"http.request.method": method, "http.route": route or "none"}
    noted = {TRACE_NOTE: request.headers.get("traceparent", "")}
    entry = tracing().entry("request", noted, told, name=f"{method} {route or 'none'}")
    span: Span = g.log_scope.enter_context(entry)
    return span


def observe_requests(app: Flask) -> None:
    """Give every request an id, and one line in the log when it is answered.

    The line and the span name the route and not the path, in which persons may be named.
    """

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        g.started_s = time.monotonic()
        g.job_id = g.code = None
        g.log_scope = ExitStack()
        g.log_scope.enter_context(log_fields(request_id=g.request_id))
        g.span = _begin_span(_route())

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        spent_s = time.monotonic() - g.started_s
        route, status = _route(), response.status_code
        count_request(route, request.method, status, spent_s)
        g.span.set({"http.response.status_code": status}, failed=status >= 500)
        log.info(
            "request was answered",
            extra={
                "job_id": g.job_id,
                "method": _known(request.method),
                "path": route,
                "status": status,
                "code": g.code,
                "ms": round(spent_s * 1000),
            },
        )
        return response

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if "log_scope" in g:
            g.log_scope.close()


def answer_errors(app: Flask, settings: Settings) -> None:
    """Answer every error as JSON; what it is about inside goes to the log only."""

    @app.errorhandler(FaceServiceError)
    def service_error(error: FaceServiceError) -> ResponseReturnValue:
        status = status_of(type(error))
        if status >= 500:
            log.error("request failed", extra={"code": error.code, "reason": str(error)})
        # What S3 and SQS say of themselves is for the operator's log, not for clients.
        text = str(error) if status < 500 else _TEXT_5XX[status]
        response = error_answer(error.code, text, status, retryable=error.retryable)
        if isinstance(error, RateLimited):
            response.headers["Retry-After"] = str(math.ceil(error.wait_s))
        return response

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
        limit, length = request.max_content_length, request.content_length
        if length is not None and limit is not None and length <= limit:
            return service_error(
                FormTooLarge(
                    f"a form has at most {request.max_form_parts} fields and files, with"
                    f" {request.max_form_memory_size} bytes of text"
                )
            )
        return service_error(
            FileTooLarge(f"the body is too large; a photo has at most {settings.max_file_mb:g} MB")
        )

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        response = error_answer(
            code_of(type(error)),
            error.description or error.name,
            status,
            retryable=status == 429 or status >= 500,
        )
        response.headers.extend(
            [(name, value) for name, value in error.get_headers() if name == "Allow"]
        )
        return response

    @app.errorhandler(Exception)
    def unexpected(_: Exception) -> ResponseReturnValue:
        log.exception("request met an unexpected error")
        return error_answer(FaceServiceError.code, _TEXT_5XX[500], 500, retryable=False)


def error_answer(code: str, text: str, status: int, *, retryable: bool) -> Response:
    """Return an error as JSON, with ``Retry-After`` where waiting helps."""
    g.code = code
    metrics().errors.labels(code).inc()
    g.span.set({ERROR: code})
    response = jsonify(error=text, code=code, retryable=retryable, request_id=g.request_id)
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status in _RETRY_AFTER_S:
        response.headers["Retry-After"] = str(_RETRY_AFTER_S[status])
    return response
