"""The page that comes with the service: recognise and sort out people in a browser."""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from flask import Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound

from core.faces.models.model_files import YUNET, YUNET_SHA256
from core.settings import Settings
from efr_web.openapi.operation import Api

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Photos and pictures of faces are blobs: they come with a key, or never leave the browser."""
_DETECTOR_POLICY: Final = (
    "default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'"
)
"""A worker has the policy of its own script, so the page itself may compile nothing."""
_PERMISSIONS: Final = "camera=(self), geolocation=(), microphone=()"
HTML: Final = "text/html"
ASSETS: Final = {
    "favicon.svg": "image/svg+xml",
    "page.css": "text/css",
    "page.js": "text/javascript",
}
"""The files that the page loads at once, with their media types."""
_DETECTOR: Final = "detector.js"
_RUNTIME: Final = "detector.wasm"
"""Stored compressed."""
DETECTOR_ASSETS: Final = {_DETECTOR: "text/javascript", _RUNTIME: "application/wasm"}
"""Those that it loads when it looks for faces itself."""
WEIGHTS: Final = "detector.onnx"
"""The network of that detector. It lies with the models, where they could be fetched."""


def add_page_routes(api: Api, settings: Settings) -> None:
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
        media_type = {**ASSETS, **DETECTOR_ASSETS}.get(name)
        if media_type is None:
            raise NotFound
        return _asset(name, media_type)

    @api.app.get(f"/page/{WEIGHTS}")
    def page_weights() -> ResponseReturnValue:
        content = _weights(settings.face_models_dir)
        if content is None:
            raise NotFound
        response = current_app.response_class(content, mimetype="application/octet-stream")
        return _checked(response)


def _asset(name: str, media_type: str) -> ResponseReturnValue:
    is_compressed = request.accept_encodings.quality("gzip") > 0
    content = _file(name, is_compressed=is_compressed)
    response = current_app.response_class(content, mimetype=media_type)
    response.vary.add("Accept-Encoding")
    if is_compressed:
        response.content_encoding = "gzip"
    if name == _DETECTOR:
        response.headers["Content-Security-Policy"] = _DETECTOR_POLICY
    return _checked(response)


def _checked(response: Response) -> ResponseReturnValue:
    """Return an answer without its body where the browser's copy is right.

    A browser asks each time, so that no page runs with older scripts.
    """
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request)


@cache
def _file(name: str, *, is_compressed: bool) -> bytes:
    folder = files("efr_web").joinpath("static", "page")
    if name == _RUNTIME:
        content = folder.joinpath(f"{name}.gz").read_bytes()
        return content if is_compressed else gzip.decompress(content)
    content = folder.joinpath(name).read_bytes()
    return gzip.compress(content, mtime=0) if is_compressed else content


def _weights(models_dir: Path) -> bytes | None:
    """Return YuNet's network, None where it is missing or another one."""
    file = models_dir / YUNET
    content = file.read_bytes() if file.is_file() else b""
    return content if hashlib.sha256(content).hexdigest() == YUNET_SHA256 else None
