"""How AWS words that a call is not allowed."""

import json
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from harness.aws.policy import Call
from harness.aws.requests import ACCOUNT, Request

_XML: Final = "application/xml"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def refusal(request: Request, part: str, refused: list[Call]) -> Answer:
    """Return the answer to a request that lacks these rights."""
    first = refused[0]
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/{part}/session"
    why = (
        f"User: {who} is not authorized to perform: {first.action} on resource: "
        f'"{first.resource}" because no identity-based policy allows the {first.action} action'
    )
    if "x-amz-target" in request.headers:
        kind = "com.amazon.coral.service#AccessDeniedException"
        return _answer(
            json.dumps({"__type": kind, "Message": why}),
            ("Content-Type", "application/x-amz-json-1.0"),
            ("x-amzn-query-error", "AccessDenied;Sender"),
        )
    code = f"<Code>AccessDenied</Code><Message>{escape(why)}</Message>"
    if request.is_query:
        return _answer(
            f"<ErrorResponse><Error><Type>Sender</Type>{code}</Error></ErrorResponse>",
            ("Content-Type", "text/xml"),
        )
    if request.method == "POST" and "delete" in request.query:
        keys = (each.resource.partition("/")[2] for each in refused)
        errors = "".join(f"<Error><Key>{escape(key)}</Key>{code}</Error>" for key in keys)
        return _answer(f"<DeleteResult>{errors}</DeleteResult>", ("Content-Type", _XML), status=200)
    text = "" if request.method == "HEAD" else f"<Error>{code}</Error>"
    return _answer(text, ("Content-Type", _XML))


def _answer(text: str, *headers: tuple[str, str], status: int = 403) -> Answer:
    return Answer(status=status, headers=headers, body=text.encode())
