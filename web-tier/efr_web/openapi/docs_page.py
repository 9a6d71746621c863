"""What the page for people shows, from the OpenAPI document."""

import re
import shlex
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from core.errors import FaceServiceError

Schema = dict[str, Any]

_BOUNDS: Final = (
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
    ("maxProperties", "at most {} entries"),
    ("pattern", "{}"),
    ("default", "default {}"),
)

_PLAIN_ERRORS: Final = {
    FaceServiceError.code: "when the service met a bug; the log has more, by the request id.",
    "METHOD_NOT_ALLOWED": "when a path is not there for this method; `Allow` has those it is for.",
    "NOT_FOUND": "when a path is not there.",
    "UNSUPPORTED_MEDIA_TYPE": "when a body has a content type that its path does not take.",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A parameter, or a field of a schema."""

    name: str
    kind: str
    bounds: str
    required: bool
    text: str


def docs_page(document: Schema, address: str) -> dict[str, Any]:
    """Return the variables of the template ``docs.html``; ``address`` is that of the service."""
    return {
        "title": document["info"]["title"],
        "version": document["info"]["version"],
        "introduction": document["info"]["description"].strip().split("\n\n"),
        "groups": _groups(document["paths"], address),
        "schemas": [
            {"name": name, "text": schema.get("description", ""), "rows": rows(schema)}
            for name, schema in document["components"]["schemas"].items()
        ],
        "errors": error_texts(),
    }


def rows(schema: Schema) -> list[Row]:
    """Return the fields of an object's schema."""
    return [
        _row(name, field, required=name in schema.get("required", ()))
        for name, field in schema.get("properties", {}).items()
    ]


def kind_of(schema: Schema) -> str:
    """Return a schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(choice) for choice in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return " or ".join(repr(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {kind_of(schema['items'])}"
    if schema.get("format") == "binary":
        return "file"
    return str(schema.get("type", "any"))


def error_texts() -> list[tuple[str, str]]:
    """Return code and meaning of every error that this service raises on purpose."""
    found: dict[str, str] = {}
    kinds: list[type[FaceServiceError]] = [FaceServiceError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
        meaning = (kind.__doc__ or "").strip().partition("\n")[0].replace("``", "")
        found.setdefault(kind.code, meaning.removeprefix("Raised "))
    return sorted((found | _PLAIN_ERRORS).items())


def _groups(paths: Schema, address: str) -> dict[str, list[Schema]]:
    groups = defaultdict(list)
    for path, operations in paths.items():
        for method, operation in operations.items():
            groups[operation["tags"][0]].append(_shown(path, method, operation, address))
    return dict(groups)


def _shown(path: str, method: str, operation: Schema, address: str) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "text": operation["description"],
        "curl": curl_command(operation["x-curl"], address),
        "parameters": [
            (
                parameter["in"],
                _row(
                    parameter["name"],
                    parameter["schema"] | {"description": parameter.get("description", "")},
                    required=parameter.get("required", False),
                ),
            )
            for parameter in operation["parameters"]
        ],
        "bodies": [(media, kind_of(body["schema"])) for media, body in content.items()],
        "answers": [
            (status, answer["description"], _answered(answer))
            for status, answer in operation["responses"].items()
        ],
    }


def curl_command(arguments: str, address: str) -> str:
    """Return an example as it is typed: the last argument, a path, gets the address."""
    *options, path = shlex.split(arguments)
    return shlex.join(["curl", *options, f"{address}{path}"])


def _answered(answer: Schema) -> list[str]:
    """Return the names of the schemas of an answer that is no error."""
    names: list[str] = []
    for body in answer.get("content", {}).values():
        choices = body["schema"].get("anyOf", [body["schema"]])
        names += [kind_of(choice) for choice in choices if "$ref" in choice]
    return names


def _row(name: str, schema: Schema, *, required: bool) -> Row:
    choices = [schema, *schema.get("anyOf", ())]
    bounds = [
        text.format(choice[key])
        for choice in choices
        for key, text in _BOUNDS
        if choice.get(key) is not None
    ]
    text = next((choice["description"] for choice in choices if choice.get("description")), "")
    return Row(
        name=name,
        kind=kind_of(schema),
        bounds=", ".join(bounds),
        required=required,
        text=re.sub(r"\s+", " ", text),
    )
