"""Collections: make, list, describe and erase them."""

from flask import jsonify, url_for
from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.collections.collection import Collection
from core.collections.shown.collections import (
    CollectionDescription,
    CollectionList,
    CollectionSummary,
)
from core.errors import (
    CollectionExists,
    InvalidCollectionId,
    InvalidRequest,
    QuotaExceeded,
    StorageUnavailable,
)
from core.ground.ids import is_collection_id
from efr_web.caller import caller, visible
from efr_web.openapi.operation import (
    COLLECTION,
    INDEX,
    JSON_BODY,
    Answer,
    Api,
    Body,
    Operation,
    curl_json,
)
from efr_web.requests.models.pages import PageQuery
from efr_web.requests.models.people import ChangeCollection, CreateCollection
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import read_json, read_query
from efr_web.routes.receipt_routes import GONE, erased


def add_collection_routes(api: Api, parts: WebParts) -> None:
    """Add ``/collections`` and ``/collections/{collection_id}``."""

    def described(collection: Collection) -> CollectionDescription:
        people, likeness = visible(parts).people, visible(parts).likeness
        return CollectionDescription.of(
            collection,
            threshold=likeness.least(collection),
            persons=people.count_people(collection),
            faces=people.count(collection),
            expected_false_names=likeness.expected_false_names(collection),
        )

    @api.route("POST", "/collections", CREATE)
    def create_collection() -> ResponseReturnValue:
        body = read_json(CreateCollection)
        visible(parts).quotas.check_collections()
        made = visible(parts).collections.create(
            body.collection_id,
            threshold=body.threshold,
            false_name_rate=body.false_name_rate,
            metadata=body.metadata,
            keep_unknown=body.keep_unknown,
        )
        visible(parts).audit.add(
            "create_collection", caller().author, collection_id=made.collection_id
        )
        response = jsonify(described(made).model_dump(mode="json"))
        response.status_code = 201
        response.headers["Location"] = url_for(
            "describe_collection", collection_id=made.collection_id
        )
        return response

    @api.route("GET", "/collections", LIST)
    def list_collections() -> ResponseReturnValue:
        page = read_query(PageQuery)
        after = decode_cursor(page.next_token, is_collection_id)
        collections = visible(parts).collections
        found = collections.page(limit=page.limit, after=after)
        end = found[-1].collection_id if found else ""
        goes_on = bool(found) and bool(collections.page(limit=1, after=end))
        return CollectionList(
            collections=[
                CollectionSummary.of(each, threshold=visible(parts).likeness.least(each))
                for each in found
                if each.state == "active"
            ],
            next_token=encode_cursor(end) if goes_on else None,
        ).model_dump(mode="json")

    @api.route("GET", "/collections/<collection_id>", DESCRIBE)
    def describe_collection(collection_id: str) -> ResponseReturnValue:
        found = visible(parts).collections.fresh_if_empty(collection_id)
        return described(found).model_dump(mode="json")

    @api.route("PATCH", "/collections/<collection_id>", CHANGE)
    def change_collection(collection_id: str) -> ResponseReturnValue:
        body = read_json(ChangeCollection)
        changes = body.model_dump(include=body.model_fields_set)
        changed = visible(parts).collections.change(collection_id, changes)
        visible(parts).audit.add(
            "change_collection", caller().author, collection_id=changed.collection_id
        )
        return described(changed).model_dump(mode="json")

    @api.route("DELETE", "/collections/<collection_id>", DELETE)
    def delete_collection(collection_id: str) -> ResponseReturnValue:
        return erased(visible(parts).erasure.collection(collection_id, caller().author))


_THRESHOLD = (
    "`false_name_rate` is how often a stranger may be given a name; the lowest similarity of a "
    "match follows from it. `threshold` is that similarity itself and overrides the rate. With "
    "neither, MATCH_FALSE_NAME_RATE holds."
)
CREATE = Operation(
    tag="Collections",
    access="enrol",
    summary="Create a collection",
    text=_THRESHOLD,
    body=Body(json=CreateCollection),
    answers={
        201: Answer(
            text="The collection was created.",
            models=(CollectionDescription,),
            headers=("Location",),
        )
    },
    errors=(
        *JSON_BODY,
        InvalidCollectionId,
        CollectionExists,
        QuotaExceeded,
        StorageUnavailable,
        *INDEX,
    ),
    actions=("create_collection",),
    curl=curl_json("/collections", {"collection_id": "staff", "threshold": 85}),
)
LIST = Operation(
    tag="Collections",
    access="any key",
    summary="List the collections",
    text="The list is in the order of the ids.",
    query=PageQuery,
    answers={200: Answer(text="A page of the list.", models=(CollectionList,))},
    errors=(InvalidRequest, StorageUnavailable),
    curl="/collections?limit=10",
)
DESCRIBE = Operation(
    tag="Collections",
    access="any key",
    summary="Describe a collection",
    text="The service creates the collection `default` at the first request that uses it.",
    answers={200: Answer(text="The collection.", models=(CollectionDescription,))},
    errors=(*COLLECTION, *INDEX),
    curl="/collections/staff",
)
CHANGE = Operation(
    tag="Collections",
    access="enrol",
    summary="Change a collection",
    text=f"What the request leaves out stays. {_THRESHOLD}",
    body=Body(json=ChangeCollection),
    answers={200: Answer(text="The collection.", models=(CollectionDescription,))},
    errors=(*JSON_BODY, *COLLECTION, *INDEX),
    actions=("change_collection",),
    curl=curl_json("/collections/staff", {"false_name_rate": 0.001}, method="PATCH"),
)
DELETE = Operation(
    tag="Collections",
    access="erase",
    summary="Erase a collection",
    text=(
        "Erases all its people, their photos and their results too. A second request is "
        "answered `COLLECTION_NOT_FOUND`. If an erasure breaks off, ask again to finish it."
    ),
    answers={204: GONE},
    errors=(*COLLECTION, *INDEX),
    actions=("erase_collection",),
    curl="-X DELETE /collections/staff",
)
