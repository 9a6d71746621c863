"""The page that comes with the service: recognise and sort out people in a browser."""

from importlib.resources import files
from typing import Final

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound

from efr_web.openapi.operation import Api

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Photos and pictures of faces are blobs: they come with a key, or never leave the browser."""
_PERMISSIONS: Final = "camera=(self), geolocation=(), microphone=()"
_CHECKED: Final = {"Cache-Control": "no-cache"}
"""A browser asks whether its copy is still right, so that no page runs with older scripts."""
HTML: Final = "text/html"
ASSETS: Final = {
    "favicon.svg": "image/svg+xml",
    "page.css": "text/css",
    "page.js": "text/javascript",
}
"""The page's files, with their media types."""


def add_page_routes(api: Api) -> None:
    """Add ``GET /``, for browsers only, and the page's files under ``/page/``.

    They tell nothing of this service's data, are no part of the API, and need no key.
    """

    @api.app.get("/")
    def page() -> ResponseReturnValue:
        if not any(accepted == HTML for accepted, _ in request.accept_mimetypes):
            raise MethodNotAllowed(valid_methods=["POST", "OPTIONS"])
        shown = render_template("page.html", needs_key=api.keys is not None)
        headers = {
            "Content-Security-Policy": _POLICY,
            "Permissions-Policy": _PERMISSIONS,
            "Vary": "Accept",
        }
        return shown, 200, headers

    @api.app.get("/page/<name>")
    def page_asset(name: str) -> ResponseReturnValue:
        if name not in ASSETS:
            raise NotFound
        content = files("efr_web").joinpath("static", "page", name).read_bytes()
        response = current_app.response_class(content, mimetype=ASSETS[name], headers=_CHECKED)
        response.add_etag()
        return response.make_conditional(request)
