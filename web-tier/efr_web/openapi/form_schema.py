"""The schema of a form, from that of the same request as JSON."""

from collections.abc import Sequence
from typing import Any, Final

Schema = dict[str, Any]

_FILE: Final[Schema] = {
    "type": "string",
    "format": "binary",
    "contentMediaType": "application/octet-stream",
}


def form_schema(
    schema: Schema, *, files: Sequence[str] = (), required: Sequence[str] = ()
) -> Schema:
    """Return what a form or a query string takes: nothing is null, and files are files.

    Parameters
    ----------
    schema : dict
        JSON schema of an object; not modified.
    files : sequence of str
        Fields that are files.
    required : sequence of str
        Those of them that must be there.
    """
    properties = {name: _without_null(field) for name, field in schema["properties"].items()}
    form: Schema = {
        **schema,
        "properties": properties | dict.fromkeys(files, _FILE),
        "required": [*schema.get("required", ()), *required],
    }
    if not form["required"]:
        del form["required"]
    conditions = [part for part in map(_presence, schema.get("allOf", ())) if part]
    form.pop("allOf", None)
    return {**form, "allOf": conditions} if conditions else form


def _without_null(field: Schema) -> Schema:
    """Return a field's schema without the alternative null, and without null as default."""
    kept = [choice for choice in field.get("anyOf", ()) if choice.get("type") != "null"]
    described = {key: value for key, value in field.items() if key != "anyOf"}
    if described.get("default", "") is None:
        del described["default"]
    if len(kept) == 1:
        return {**described, **kept[0]}
    return {**described, "anyOf": kept} if kept else described


def _presence(condition: Schema) -> Schema:
    """Return of a condition which fields must be there and which not: in JSON they are null."""
    presence: Schema = {}
    if "required" in condition:
        presence["required"] = condition["required"]
    absent = [name for name, rule in condition.get("properties", {}).items() if _is_null(rule)]
    if absent:
        presence["not"] = {"anyOf": [{"required": [name]} for name in absent]}
    for key in ("anyOf", "allOf"):
        if key in condition:
            presence[key] = [part for part in map(_presence, condition[key]) if part]
    return presence


def _is_null(rule: Schema) -> bool:
    return rule.get("type") == "null"
