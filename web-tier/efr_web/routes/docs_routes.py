"""The service's description of itself: for programs, and for people."""

from functools import cache
from importlib.resources import files
from typing import Any, Final

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from efr_web.openapi.document import document
from efr_web.openapi.operation import Api

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI's icons are data; "Try it out" asks this service, and nobody else can be asked."""
_KEPT: Final = {"Cache-Control": "max-age=3600"}
_SWAGGER_UI: Final = ("flask_swagger_ui", "dist")
_OWN: Final = ("efr_web", "static")
ASSETS: Final = {
    "docs.js": (_OWN, "text/javascript"),
    "favicon-32x32.png": (_SWAGGER_UI, "image/png"),
    "swagger-ui-bundle.js": (_SWAGGER_UI, "text/javascript"),
    "swagger-ui.css": (_SWAGGER_UI, "text/css"),
}
"""The page's files: package and folder that each lies in, and its media type."""


def add_docs_routes(api: Api) -> None:
    """Add ``/openapi.json``, written when it is first asked for, and ``/docs``.

    The page's files lie under ``/docs/``. They tell nothing of this service's data, are no part
    of the API, and need no key.
    """

    @api.app.get("/openapi.json")
    def openapi_document() -> ResponseReturnValue:
        return current_app.response_class(written(), mimetype="application/json")

    @api.app.get("/docs")
    def docs() -> ResponseReturnValue:
        page = render_template("docs.html", title=described()["info"]["title"])
        return page, 200, {"Content-Security-Policy": _POLICY}

    @api.app.get("/docs/<name>")
    def docs_asset(name: str) -> ResponseReturnValue:
        if name not in ASSETS:
            raise NotFound
        (package, folder), media = ASSETS[name]
        content = files(package).joinpath(folder, name).read_bytes()
        return current_app.response_class(content, mimetype=media, headers=_KEPT)

    @cache
    def described() -> dict[str, Any]:
        return document(api)

    @cache
    def written() -> str:
        return api.app.json.dumps(described())
