"""The service's description of itself: for programs, and for people."""

from functools import cache
from typing import Any

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ConfigDict, RootModel

from efr_web.openapi.docs_page import docs_page
from efr_web.openapi.document import document
from efr_web.openapi.operation import Answer, Api, Operation

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class OpenApiDocument(RootModel[dict[str, object]]):
    """An OpenAPI 3.1 document."""

    model_config = ConfigDict(frozen=True)


def add_docs_routes(api: Api) -> None:
    """Add ``/openapi.json``, written when it is first asked for, and ``/docs``.

    The page's examples name the address by which its reader came.
    """

    @api.route("GET", "/openapi.json", OPENAPI)
    def openapi_document() -> ResponseReturnValue:
        return current_app.response_class(written(), mimetype="application/json")

    @api.route("GET", "/docs", DOCS)
    def docs() -> ResponseReturnValue:
        page = docs_page(described(), request.host_url.rstrip("/"))
        return render_template("docs.html", **page), 200, {"Content-Security-Policy": _POLICY}

    @cache
    def described() -> dict[str, Any]:
        return document(api)

    @cache
    def written() -> str:
        return api.app.json.dumps(described())


OPENAPI = Operation(
    tag="Service",
    summary="Describe the service for programs",
    answers={200: Answer(text="OpenAPI 3.1.", models=(OpenApiDocument,))},
    curl="/openapi.json",
)
DOCS = Operation(
    tag="Service",
    summary="Describe the service for people",
    text="One page without scripts.",
    answers={200: Answer(text="HTML.", media="text/html")},
    curl="/docs",
)
