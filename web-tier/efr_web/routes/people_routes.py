"""The faces and people of a collection: list, rename, reassign, reject, erase."""

from flask.typing import ResponseReturnValue
from werkzeug.routing import PathConverter

from core.access.audit_trail import Action
from core.bootstrap.web import WebParts
from core.collections.consents import ConsentNote
from core.errors import (
    FaceNotFound,
    InvalidRequest,
    PersonNotFound,
    PersonRejected,
)
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
from efr_web.requests.models import (
    Consent,
    FacePageQuery,
    NewName,
    PageQuery,
    PersonOfFace,
    PersonPath,
)
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import checked_face_id, read_json, read_query, read_text
from efr_web.routes.receipt_routes import GONE, erased
from efr_web.schemas import FaceList, KnownFace, PersonConsent, PersonFaces, PersonRenamed

_FACE = "/collections/<collection_id>/faces/<face_id>"
_CONSENT = "/collections/<collection_id>/consents/<person:name>"
_PERSON = "/collections/<collection_id>/persons/<person:name>"


class PersonConverter(PathConverter):
    """The rest of a path, slashes included: persons may be named with any text."""

    regex = "(?s:.+)"
    part_isolating = False


def add_people_routes(api: Api, parts: WebParts) -> None:
    """Add ``/collections/{collection_id}/faces`` and ``…/persons``."""
    api.app.url_map.converters["person"] = PersonConverter
    api.app.url_map.merge_slashes = False
    _add_list_routes(api, parts)
    _add_change_routes(api, parts)
    _add_erase_routes(api, parts)
    _add_consent_route(api, parts)


def _add_list_routes(api: Api, parts: WebParts) -> None:
    def page_of(collection_id: str, page: PageQuery, person: str | None) -> FaceList:
        after = decode_cursor(page.next_token, is_face_id)
        found = visible(parts).people.faces(
            collection_id, limit=page.limit + 1, after=after, person=person
        )
        shown = found[: page.limit]
        return FaceList(
            faces=[KnownFace.of(face) for face in shown],
            next_token=encode_cursor(shown[-1].face_id) if len(found) > len(shown) else None,
        )

    @api.route("GET", "/collections/<collection_id>/faces", LIST_FACES)
    def list_faces(collection_id: str) -> ResponseReturnValue:
        page = read_query(FacePageQuery)
        return page_of(collection_id, page, page.person).model_dump(mode="json")

    @api.route("GET", _PERSON, PERSON)
    def list_faces_of_person(collection_id: str, name: str) -> ResponseReturnValue:
        person = _person(name)
        page = read_query(PageQuery)
        found = page_of(collection_id, page, person)
        if not found.faces and not page.next_token:
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        consent = visible(parts).consents.of(collection_id, person)
        return PersonFaces(person=person, consent=consent, **dict(found)).model_dump(mode="json")


def _add_change_routes(api: Api, parts: WebParts) -> None:
    @api.route("PATCH", _PERSON, RENAME)
    def rename_person(collection_id: str, name: str) -> ResponseReturnValue:
        new_name, person = read_json(NewName).name, _person(name)
        renamed = visible(parts).people.rename(collection_id, person, new_name)
        visible(parts).audit.add(
            "merge" if renamed.is_merge else "rename",
            caller().author,
            people=[person, new_name],
            collection_id=collection_id,
            counts={"faces": renamed.faces},
        )
        return PersonRenamed(person=new_name, faces=renamed.faces).model_dump()

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


def _add_erase_routes(api: Api, parts: WebParts) -> None:
    @api.route("DELETE", _FACE, DELETE_FACE)
    def delete_face(collection_id: str, face_id: str) -> ResponseReturnValue:
        erasure = visible(parts).erasure
        return erased(erasure.face(collection_id, checked_face_id(face_id), caller().author))

    @api.route("DELETE", _PERSON, DELETE_PERSON)
    def delete_person(collection_id: str, name: str) -> ResponseReturnValue:
        erasure = visible(parts).erasure
        return erased(erasure.person(collection_id, _person(name), caller().author))


def _add_consent_route(api: Api, parts: WebParts) -> None:
    @api.route("PUT", _CONSENT, CONSENT)
    def note_consent(collection_id: str, name: str) -> ResponseReturnValue:
        note = ConsentNote(**dict(read_json(Consent)))
        person = _person(name)
        visible(parts).consents.set(collection_id, person, note)
        visible(parts).audit.add(
            "consent", caller().author, people=[person], collection_id=collection_id
        )
        return PersonConsent(person=person, consent=note).model_dump(mode="json")


def _person(name: str) -> str:
    return read_text(PersonPath, name=name).name


_NAMED = "Percent-encode the name in the path; a slash may be `/` or `%2F`."
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
PERSON = Operation(
    tag="People",
    access="enrol",
    summary="List the faces of a person",
    text=_NAMED,
    query=PageQuery,
    answers={200: Answer(text="A page of the list.", models=(PersonFaces,))},
    errors=(*COLLECTION, *INDEX, InvalidRequest, PersonNotFound),
    curl="/collections/staff/persons/Ada%20Lovelace",
)
RENAME = Operation(
    tag="People",
    access="enrol",
    summary="Rename a person",
    text=(
        f"{_NAMED} If the new name is enrolled already, the two people are merged. A face for "
        "which users rejected the new name loses its name."
    ),
    body=Body(json=NewName),
    answers={200: Answer(text="The faces have the new name.", models=(PersonRenamed,))},
    actions=("rename", "merge"),
    errors=(*COLLECTION, *INDEX, *JSON_BODY, PersonNotFound),
    curl=curl_json(
        "/collections/staff/persons/Ada%20Lovelace", {"name": "Ada King"}, method="PATCH"
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
CONSENT = Operation(
    tag="People",
    access="enrol",
    summary="Note what a person agreed to",
    text=(
        "The person must be enrolled. The note replaces an earlier one. It is shown with the "
        f"person, and erased with the person. {_NAMED}"
    ),
    body=Body(json=Consent),
    answers={200: Answer(text="The note as it is kept.", models=(PersonConsent,))},
    errors=(*COLLECTION, *INDEX, *JSON_BODY, PersonNotFound),
    actions=("consent",),
    curl=curl_json(
        "/collections/staff/consents/Ada%20Lovelace",
        {"text": "Entrance by face", "date": "2026-11-30", "source": "Form 17, page 2"},
        method="PUT",
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
DELETE_PERSON = Operation(
    tag="People",
    access="erase",
    summary="Erase a person",
    text=(
        "Erases all faces of the person, their photos, and every result that names the person. "
        f"{_NAMED} A second request is answered `PERSON_NOT_FOUND`. If an erasure breaks off, ask "
        "again to finish it."
    ),
    answers={204: GONE},
    actions=("erase_person",),
    errors=(*COLLECTION, *INDEX, InvalidRequest, PersonNotFound),
    curl="-X DELETE /collections/staff/persons/Ada%20Lovelace",
)
