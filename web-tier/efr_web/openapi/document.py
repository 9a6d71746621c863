"""The OpenAPI document, from the routes and their models."""

import re
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from apispec import APISpec
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from core import __version__
from core.ground.ids import AUDIT_ID, COLLECTION_ID
from efr_web.middleware import Failure, code_of, status_of
from efr_web.openapi.form_schema import form_schema
from efr_web.openapi.operation import Answer, Api, Body, Operation
from efr_web.requests.parsing import FORM, JSON
from efr_web.schemas.service import ErrorAnswer

_REF: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = """\
Enrol people, name the faces on photos, search for faces, and erase people.

Errors are JSON with `error`, `code`, `retryable` and `request_id`. A `threshold` is always the
lowest similarity, 0 to 100. Photos are JPEG, PNG, WebP, HEIC, AVIF or BMP. Lists are paged: pass
`next_token` of a page to get the next one, until it is null.
"""

_PATH_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "collection_id": {"type": "string", "pattern": f"^{COLLECTION_ID}$"},
    "face_id": {"type": "string", "format": "uuid"},
    "group_id": {"type": "string", "format": "uuid"},
    "job_id": {"type": "string", "format": "uuid"},
    "batch_id": {"type": "string", "format": "uuid"},
    "webhook_id": {"type": "string", "format": "uuid"},
    "event_id": {"type": "string", "format": "uuid"},
    "image_id": {"type": "string", "minLength": 1, "maxLength": 1024},
    "name": {"type": "string", "minLength": 1, "maxLength": 100},
    "receipt_id": {"type": "string", "pattern": f"^{AUDIT_ID}$"},
}
_REQUEST_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Prefer": {
        "description": "`respond-async` or `wait=SECONDS` (RFC 7240); shortens the wait only.",
        "schema": {"type": "string"},
        "example": "respond-async",
    },
    "Idempotency-Key": {
        "description": "The same key, photo, collection and callback give the same job.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
    },
    "X-Request-ID": {
        "description": "The caller's name for the request: up to 100 of `A-Z a-z 0-9 . _ -`.",
        "schema": {"type": "string"},
        "example": "order-17",
    },
}
_HEADERS: Final = {
    "Location": ("Where to go on.", "string"),
    "Receipt": ("The path of the receipt of the erasure.", "string"),
    "Retry-After": ("Seconds after which asking again makes sense.", "integer"),
    "RateLimit": ("What is left of each limit, `r`, and seconds until it is whole, `t`.", "string"),
    "RateLimit-Policy": ("The limits that the call counts for: `q` in `w` seconds.", "string"),
    "Result-Polls": ("How often S3 was asked for the result.", "integer"),
    "X-Request-ID": ("The request's own id if it has a sound one, or a new one.", "string"),
}

_KEYS: Final[dict[str, dict[str, str]]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, `efr_…`."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same."},
}
"""How a caller sends a key. The roles of a call are its scope (OpenAPI 3.1)."""

Schema = dict[str, Any]


def document(api: Api) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an application's routes."""
    spec = APISpec(
        title="Elastic Face Recognition",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": _DESCRIPTION},
    )
    schemas = _schemas(list(api.operations.values()))
    for name, schema in sorted(schemas.items()):
        spec.components.schema(name, schema)
    for name, scheme in _KEYS.items():
        spec.components.security_scheme(name, scheme)
    for path, operations in _paths(api).items():
        spec.path(
            path,
            operations={
                method: _operation(endpoint, operation, path)
                for method, endpoint, operation in operations
            },
        )
    written: dict[str, Any] = spec.to_dict()
    return written


def _paths(api: Api) -> dict[str, list[tuple[str, str, Operation]]]:
    paths = defaultdict(list)
    for rule in api.app.url_map.iter_rules():
        operation = api.operations.get(rule.endpoint)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if operation is not None:
                path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
                paths[path].append((method.lower(), rule.endpoint, operation))
    return paths


def _schemas(operations: list[Operation]) -> dict[str, Schema]:
    """Return the schemas of all models by their names, those of forms too."""
    requests = [body for each in operations if (body := each.body)]
    requested: set[type[BaseModel]] = {
        model for body in requests for model in (body.json, body.form) if model
    }
    answers = [answer for each in operations for answer in each.answers.values()]
    answered: set[type[BaseModel]] = {
        ErrorAnswer,
        *(model for answer in answers for model in answer.models),
    }
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    modes += [(model, "validation") for model in sorted(requested, key=_name)]
    modes += [(model, "serialization") for model in sorted(answered, key=_name)]
    _, written = models_json_schema(modes, ref_template=_REF)
    schemas: dict[str, Schema] = written["$defs"]
    for body in requests:
        if body.form is not None:
            name = _form_name(body.form)
            form = form_schema(
                schemas[_name(body.form)], files=body.files, required=body.required_files
            )
            schemas[name] = {**form, "title": name}  # client generators name classes after it
    return schemas


def _operation(endpoint: str, operation: Operation, path: str) -> Schema:
    described: Schema = {
        "operationId": endpoint,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": _security(operation),
        "x-scope": operation.scope,
        "x-rate-limit": operation.kind,
        "description": operation.text,
        "parameters": list(_parameters(operation, path)),
        "responses": {
            **{
                str(status): _answer(answer, operation)
                for status, answer in operation.answers.items()
            },
            **_failures(operation),
        },
        "x-curl": operation.curl,
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
    return described


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """Return in which ways a caller may send a key; none for a call that needs none."""
    if operation.access == "open":
        return []
    return [{name: [operation.scope] if operation.scope else []} for name in _KEYS]


def _parameters(operation: Operation, path: str) -> Iterator[Schema]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"in": "path", "name": name, "required": True, "schema": _PATH_PARAMETERS[name]}
    if operation.query is not None:
        described = deepcopy(operation.query.model_json_schema(ref_template=_REF))
        for name, schema in form_schema(described)["properties"].items():
            text = schema.pop("description", "")
            yield {"in": "query", "name": name, "schema": schema, "description": text}
    for name in (*operation.request_headers, "X-Request-ID"):
        yield {"in": "header", "name": name, **_REQUEST_HEADERS[name]}


def _content(body: Body) -> Schema:
    content = {}
    if body.json is not None:
        content[JSON] = {"schema": _ref(_name(body.json))}
    if body.form is not None:
        content[FORM] = {"schema": _ref(_form_name(body.form))}
    return content


def _answer(answer: Answer, operation: Operation) -> Schema:
    described: Schema = {
        "description": answer.text,
        "headers": {**_headers(*answer.headers), **_limit_headers(operation)},
    }
    refs = [_ref(_name(model)) for model in answer.models]
    if answer.media != JSON:
        described["content"] = {answer.media: {"schema": _text_or_bytes(answer.media)}}
    elif refs:
        schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
        described["content"] = {JSON: {"schema": schema}}
    return described


def _text_or_bytes(media: str) -> Schema:
    """Return the schema of an answer that is no JSON; bytes have none in OpenAPI 3.1."""
    return {"type": "string"} if media.startswith("text/") else {}


def _failures(operation: Operation) -> dict[str, Schema]:
    by_status: dict[int, list[Failure]] = defaultdict(list)
    for kind in operation.failures:
        by_status[status_of(kind)].append(kind)
    failures = {}
    for status, kinds in sorted(by_status.items()):
        failures[str(status)] = _failure(status, kinds)
        failures[str(status)]["headers"] |= _limit_headers(operation)
    return failures


def _failure(status: int, kinds: list[Failure]) -> Schema:
    codes = sorted({code_of(kind) for kind in kinds})
    waits = ("Retry-After",) if status in (429, 503) else ()
    schema = {"allOf": [_ref(_name(ErrorAnswer)), {"properties": {"code": {"enum": codes}}}]}
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": _headers(*waits),
        "content": {JSON: {"schema": schema}},
    }


def _headers(*names: str) -> Schema:
    return _described(*names, "X-Request-ID")


def _described(*names: str) -> Schema:
    return {
        name: {"description": text, "required": True, "schema": {"type": kind}}
        for name in names
        for text, kind in (_HEADERS[name],)
    }


def _limit_headers(operation: Operation) -> Schema:
    """Return what answers have where a limit is set."""
    names = ("RateLimit", "RateLimit-Policy") if operation.kind else ()
    return {name: {**header, "required": False} for name, header in _described(*names).items()}


def _ref(name: str) -> Schema:
    return {"$ref": _REF.format(model=name)}


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _form_name(model: type[BaseModel]) -> str:
    return f"{_name(model).removesuffix('Form')}Form"
