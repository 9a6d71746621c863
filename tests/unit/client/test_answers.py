"""The client knows what the OpenAPI document describes."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from elastic_face import Client, answers
from tests.unit.web.web_fixture import WebFixture

Schema = dict[str, Any]

NOT_FOR_A_CLIENT = {
    "health", "ready", "list_queues", "offer_upload",
    "create_webhook", "list_webhooks", "describe_webhook", "delete_webhook",
    "rotate_webhook_secret", "test_webhook", "list_failed_deliveries", "replay_delivery",
}  # fmt: skip
CALLS = {
    "upload": Client.recognise,
    "status": Client.job,
    "index_photo": Client.index,
    "index_batch": Client.index_batch,
    "batch_status": Client.batch_status,
    "list_batches": Client.batches,
    "match_photo": Client.match,
    "verify_photo": Client.verify,
    "detect_faces": Client.detect,
    "search_face": Client.search_face,
    "create_collection": Client.create_collection,
    "list_collections": Client.collections,
    "describe_collection": Client.collection,
    "change_collection": Client.change_collection,
    "delete_collection": Client.erase_collection,
    "list_faces": Client.faces,
    "face_image": Client.face_image,
    "reassign_face": Client.reassign_face,
    "reject_face": Client.reject_face,
    "delete_face": Client.erase_face,
    "show_image": Client.image,
    "delete_image": Client.erase_image,
    "list_persons": Client.people,
    "list_faces_of_person": Client.person,
    "rename_person": Client.change_person,
    "delete_person": Client.erase_person,
    "note_consent": Client.note_consent,
    "list_groups": Client.groups,
    "list_faces_of_group": Client.group_faces,
    "name_group": Client.name_group,
    "ignore_group": Client.ignore_group,
    "unignore_group": Client.unignore_group,
    "receipt": Client.receipt,
    "describe_key": Client.key,
}
"""The calls of the client by the operations of the document."""


@pytest.fixture(scope="module")
def document() -> Schema:
    described: Schema = WebFixture().client.get("/openapi.json").get_json()
    return described


def test_client_has_every_operation_but_those_of_the_operator(document: Schema) -> None:
    operations = {
        each["operationId"] for path in document["paths"].values() for each in path.values()
    }

    assert operations == set(CALLS) | NOT_FOR_A_CLIENT


@pytest.mark.parametrize("name", answers.__all__)
def test_answer_has_the_fields_of_the_document(document: Schema, name: str) -> None:
    described = document["components"]["schemas"][name]
    ours = TypeAdapter(getattr(answers, name)).json_schema(mode="serialization")

    assert shape(ours) == shape(described)


def shape(schema: Schema) -> Any:
    """Return what counts of a schema: fields, types, and what may be absent."""
    properties = schema["properties"]
    required = set(schema.get("required", ()))
    return {name: (kind(each), name in required) for name, each in properties.items()}


def kind(schema: Schema) -> Any:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return sorted(str(kind(each)) for each in schema["anyOf"])
    match schema["type"]:
        case "array" if "prefixItems" in schema:
            return [kind(each) for each in schema["prefixItems"]]
        case "array":
            return ["each", kind(schema["items"])]
        case "object":
            return ["by name", kind(schema["additionalProperties"])]
    return schema["type"], schema.get("format")
