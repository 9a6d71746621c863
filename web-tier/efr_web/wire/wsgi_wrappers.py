"""What stands between gunicorn and the application."""

from collections.abc import Callable
from typing import Any

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Any]


def nameless(app: WsgiApp) -> WsgiApp:
    """Leave the name of the server out of the answers."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        response: Any = start_response.__self__  # type: ignore[attr-defined]
        named = response.default_headers
        response.default_headers = lambda: [
            line for line in named() if not line.startswith("Server:")
        ]
        return app(environ, start_response)

    return answer


def closing_after_unread_body(app: WsgiApp) -> WsgiApp:
    """Announce ``Connection: close`` where an answer leaves a body unread.

    gunicorn drops such a connection, since what follows on it is no request, but
    has told the client by then that the connection is kept. A client, or a load
    balancer, that believed it would lose its next request.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        parts = app(environ, start_response)  # its headers are sent with the first part
        if is_unread(environ["wsgi.input"]):
            start_response.__self__.force_close()  # type: ignore[attr-defined]
        return parts

    return answer


def is_unread(body: Any) -> bool:
    """Tell whether bytes of a request's body are still to come, of gunicorn's kinds of body."""
    if body.failed:
        return True
    reader = body.reader
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None))
