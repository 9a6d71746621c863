"""The faces of a collection: list, reassign, reject, erase."""

from flask.typing import ResponseReturnValue

from core.access.audit_trail import Action
from core.bootstrap.web import WebParts
from core.collections.matches import SearchedByFace
from core.collections.shown.faces import FaceList, KnownFace
from core.errors import FaceNotFound, InvalidRequest, PersonRejected
from core.ground.ids import is_face_id
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
from efr_web.requests.models.pages import FacePageQuery, PageQuery
from efr_web.requests.models.people import PersonOfFace
from efr_web.requests.models.photos import SearchFace
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import checked_face_id, read_json, read_query
from efr_web.routes.receipt_routes import GONE, erased

_FACE = "/collections/<collection_id>/faces/<face_id>"


def add_people_routes(api: Api, parts: WebParts) -> None:
    """Add ``/collections/{collection_id}/faces``."""
    _add_list_routes(api, parts)
    _add_change_routes(api, parts)
    _add_search_route(api, parts)
    _add_erase_routes(api, parts)


def _add_list_routes(api: Api, parts: WebParts) -> None:
    @api.route("GET", "/collections/<collection_id>/faces", LIST_FACES)
    def list_faces(collection_id: str) -> ResponseReturnValue:
        page = read_query(FacePageQuery)
        found = page_of_faces(parts, collection_id, page, page.person)
        return found.model_dump(mode="json")


def page_of_faces(
    parts: WebParts, collection_id: str, page: PageQuery, person: str | None
) -> FaceList:
    """Return a page of all faces, or of one person's."""
    after = decode_cursor(page.next_token, is_face_id)
    found = visible(parts).people.faces(
        collection_id, limit=page.limit + 1, after=after, person=person
    )
    shown = found[: page.limit]
    return FaceList(
        faces=[KnownFace.of(face) for face in shown],
        next_token=encode_cursor(shown[-1].face_id) if len(found) > len(shown) else None,
    )


def _add_change_routes(api: Api, parts: WebParts) -> None:
    @api.route("POST", f"{_FACE}/reassign", REASSIGN)
    def reassign_face(collection_id: str, face_id: str) -> ResponseReturnValue:
        person = read_json(PersonOfFace).person
        face = visible(parts).people.reassign(collection_id, checked_face_id(face_id), person)
        note_face("reassign", collection_id, person)
        return KnownFace.of(face).model_dump(mode="json")

    @api.route("POST", f"{_FACE}/reject", REJECT)
    def reject_face(collection_id: str, face_id: str) -> ResponseReturnValue:
        person = read_json(PersonOfFace).person
        face = visible(parts).people.reject(collection_id, checked_face_id(face_id), person)
        note_face("reject", collection_id, person)
        return KnownFace.of(face).model_dump(mode="json")

    def note_face(action: Action, collection_id: str, person: str) -> None:
        visible(parts).audit.add(
            action,
            caller().author,
            people=[person],
            collection_id=collection_id,
            counts={"faces": 1},
        )


def _add_search_route(api: Api, parts: WebParts) -> None:
    @api.route("POST", f"{_FACE}/search", SEARCH_FACE)
    def search_face(collection_id: str, face_id: str) -> ResponseReturnValue:
        body = read_json(SearchFace)
        return (
            visible(parts)
            .matching.search_face(
                collection_id,
                checked_face_id(face_id),
                threshold=body.threshold,
                max_matches=body.max_matches,
                by=body.by,
                metadata=body.metadata,
            )
            .model_dump(mode="json")
        )


def _add_erase_routes(api: Api, parts: WebParts) -> None:
    @api.route("DELETE", _FACE, DELETE_FACE)
    def delete_face(collection_id: str, face_id: str) -> ResponseReturnValue:
        erasure = visible(parts).erasure
        return erased(erasure.face(collection_id, checked_face_id(face_id), caller().author))


LIST_FACES = Operation(
    tag="People",
    access="enrol",
    summary="List the faces of a collection",
    text="Lists all faces, or one person's, in the order of their ids.",
    query=FacePageQuery,
    answers={200: Answer(text="A page of the list.", models=(FaceList,))},
    errors=(*COLLECTION, *INDEX, InvalidRequest),
    curl="'/collections/staff/faces?person=Ada%20Lovelace&limit=10'",
)
SEARCH_FACE = Operation(
    tag="People",
    access="recognise",
    summary="Search for who else is like an enrolled face",
    text=(
        "Answers people, without the face's own, or single faces with `by=face`. `threshold` is "
        "the lowest similarity (0 to 100), by default the collection's. `metadata` leaves only "
        "people whose own metadata have all of it, among the 1,000 most similar."
    ),
    body=Body(json=SearchFace),
    answers={200: Answer(text="The matches, most similar first.", models=(SearchedByFace,))},
    errors=(*COLLECTION, *INDEX, *JSON_BODY, FaceNotFound),
    curl=curl_json(
        "/collections/staff/faces/6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11/search", {"by": "person"}
    ),
)
REASSIGN = Operation(
    tag="People",
    access="enrol",
    summary="Say whose face it is",
    body=Body(json=PersonOfFace),
    answers={200: Answer(text="The face as it is now.", models=(KnownFace,))},
    errors=(*COLLECTION, *INDEX, *JSON_BODY, FaceNotFound, PersonRejected),
    actions=("reassign",),
    curl=curl_json(
        "/collections/staff/faces/6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11/reassign",
        {"person": "Ada King"},
    ),
)
REJECT = Operation(
    tag="People",
    access="enrol",
    summary="Say whose face it is not",
    text="The face is never matched to that person again. A second request changes nothing.",
    body=Body(json=PersonOfFace),
    answers={200: Answer(text="The face as it is now.", models=(KnownFace,))},
    errors=(*COLLECTION, *INDEX, *JSON_BODY, FaceNotFound),
    actions=("reject",),
    curl=curl_json(
        "/collections/staff/faces/6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11/reject",
        {"person": "Ada King"},
    ),
)
DELETE_FACE = Operation(
    tag="People",
    access="erase",
    summary="Erase a face",
    text="Erases its photo and result too. A second request is answered `FACE_NOT_FOUND`.",
    answers={204: GONE},
    actions=("erase_face",),
    errors=(*COLLECTION, *INDEX, FaceNotFound),
    curl="-X DELETE /collections/staff/faces/6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11",
)
