"""Headers of every answer: what a browser may do with it, and whose pages may read it."""

from collections.abc import Sequence
from typing import Final

from flask import Flask, Response, request

ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # For images and scripts of other sites; what CORS lets through is not concerned.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer has unless its view says otherwise, such as the page at ``/docs``."""

SENT_BY_PAGES: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Prefer",
    "X-API-Key",
    "X-Request-ID",
)
"""Headers that a page of an allowed origin may send."""

_PREFLIGHT_AGE_S: Final = 7200
"""The longest that Chromium keeps."""


def add_headers(app: Flask, origins: Sequence[str]) -> None:
    """Add the headers to all answers, errors too.

    Parameters
    ----------
    origins : sequence of str
        Origins whose pages may read the answers. Compared as they are: patterns and
        cases are where libraries for CORS had their holes.
    """

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if origins:
            response.vary.add("Origin")
            _let_read(response, origins)
        return response


def _let_read(response: Response, origins: Sequence[str]) -> None:
    """Let the page that asks read the answer, if it may; cookies play no part in it."""
    origin = request.headers.get("Origin")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "*"
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
        response.headers["Access-Control-Allow-Headers"] = ", ".join(SENT_BY_PAGES)
        response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_AGE_S)
