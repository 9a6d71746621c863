"""The people of a collection: list, show, rename, describe, erase, and note what they agreed to."""

import json

from flask.typing import ResponseReturnValue
from werkzeug.routing import PathConverter

from core.bootstrap.web import WebParts
from core.collections.person_notes import ConsentNote
from core.collections.shown.people import (
    PersonConsent,
    PersonFaces,
    PersonList,
    PersonRenamed,
    PersonSummary,
)
from core.errors import FaceNotFound, InvalidRequest, NotTheirFace, PersonNotFound
from core.ports import PersonPlace
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
from efr_web.requests.models.pages import PageQuery, PersonPageQuery
from efr_web.requests.models.people import Consent, PersonChange, PersonPath
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import read_json, read_query, read_text
from efr_web.routes.people_routes import page_of_faces
from efr_web.routes.receipt_routes import GONE, erased

_CONSENT = "/collections/<collection_id>/consents/<person:name>"
_PERSON = "/collections/<collection_id>/persons/<person:name>"


class PersonConverter(PathConverter):
    """The rest of a path, slashes included: persons may be named with any text."""

    regex = "(?s:.+)"
    part_isolating = False


def add_person_routes(api: Api, parts: WebParts) -> None:
    """Add ``/collections/{collection_id}/persons`` and ``…/consents``."""
    api.app.url_map.converters["person"] = PersonConverter
    api.app.url_map.merge_slashes = False
    _add_list_route(api, parts)
    _add_show_route(api, parts)
    _add_change_route(api, parts)
    _add_erase_route(api, parts)
    _add_consent_route(api, parts)


def _add_list_route(api: Api, parts: WebParts) -> None:
    @api.route("GET", "/collections/<collection_id>/persons", LIST_PERSONS)
    def list_persons(collection_id: str) -> ResponseReturnValue:
        page = read_query(PersonPageQuery)
        cursor = decode_cursor(page.next_token, _is_place)
        found = visible(parts).persons.page(
            collection_id,
            limit=page.limit + 1,
            order=page.sort,
            prefix=page.prefix,
            after=_place(cursor) if cursor else None,
        )
        shown = found[: page.limit]
        goes_on = len(found) > len(shown)
        return PersonList(
            persons=[PersonSummary.of(each) for each in shown],
            next_token=encode_cursor(json.dumps(shown[-1].enrolled.place(page.sort)))
            if goes_on
            else None,
        ).model_dump(mode="json")


def _add_show_route(api: Api, parts: WebParts) -> None:
    @api.route("GET", _PERSON, PERSON)
    def list_faces_of_person(collection_id: str, name: str) -> ResponseReturnValue:
        person = _named(parts, collection_id, name)
        page = read_query(PageQuery)
        found = page_of_faces(parts, collection_id, page, person)
        if not found.faces and not page.next_token:
            raise PersonNotFound(f"nobody named {person!r} is enrolled in {collection_id!r}")
        record = visible(parts).consents.record(collection_id, person)
        return PersonFaces(
            person=person,
            person_id=visible(parts).persons.id_of(collection_id, person),
            metadata=record.metadata,
            cover=visible(parts).persons.cover(collection_id, person, record),
            consent=record.consent,
            **dict(found),
        ).model_dump(mode="json")


def _add_change_route(api: Api, parts: WebParts) -> None:
    @api.route("PATCH", _PERSON, RENAME)
    def rename_person(collection_id: str, name: str) -> ResponseReturnValue:
        change, person = read_json(PersonChange), _named(parts, collection_id, name)
        fields = change.model_dump(include=change.model_fields_set)
        changed = visible(parts).person_changes.change(
            collection_id, person, fields, caller().author
        )
        return changed.model_dump()


def _add_erase_route(api: Api, parts: WebParts) -> None:
    @api.route("DELETE", _PERSON, DELETE_PERSON)
    def delete_person(collection_id: str, name: str) -> ResponseReturnValue:
        erasure = visible(parts).erasure
        person = _named(parts, collection_id, name)
        return erased(erasure.person(collection_id, person, caller().author))


def _add_consent_route(api: Api, parts: WebParts) -> None:
    @api.route("PUT", _CONSENT, CONSENT)
    def note_consent(collection_id: str, name: str) -> ResponseReturnValue:
        note = ConsentNote(**dict(read_json(Consent)))
        person = _named(parts, collection_id, name)
        visible(parts).consents.set(collection_id, person, note)
        visible(parts).audit.add(
            "consent", caller().author, people=[person], collection_id=collection_id
        )
        return PersonConsent(person=person, consent=note).model_dump(mode="json")


def _named(parts: WebParts, collection_id: str, text: str) -> str:
    """Return the name of the person whose name or id is in a path."""
    name = read_text(PersonPath, name=text).name
    return visible(parts).persons.named(collection_id, name)


def _is_place(text: str) -> bool:
    try:
        rank, name = json.loads(text)
    except (ValueError, TypeError):
        return False
    return type(rank) is int and abs(rank) < 2**63 and isinstance(name, str)


def _place(text: str) -> PersonPlace:
    rank, name = json.loads(text)
    return rank, name


_NAMED = (
    "Percent-encode the name in the path; a slash may be `/` or `%2F`. The person's id stands for "
    "the name, unless someone has it as a name."
)
LIST_PERSONS = Operation(
    tag="People",
    access="enrol",
    summary="List the people of a collection",
    text=(
        "`cover` is the id of the face that shows the person: the one that was chosen, or the one "
        "of the best quality. The list is sorted by name, by `faces` "
        "with the most first, or by `last_enrolled` with the last first."
    ),
    query=PersonPageQuery,
    answers={200: Answer(text="A page of the list.", models=(PersonList,))},
    errors=(*COLLECTION, *INDEX, InvalidRequest),
    curl="'/collections/staff/persons?prefix=ada&sort=faces'",
)
PERSON = Operation(
    tag="People",
    access="enrol",
    summary="Show a person",
    text=f"Answers what is known of them, and a page of their faces. {_NAMED}",
    query=PageQuery,
    answers={200: Answer(text="A page of the list.", models=(PersonFaces,))},
    errors=(*COLLECTION, *INDEX, InvalidRequest, PersonNotFound),
    curl="/collections/staff/persons/Ada%20Lovelace",
)
RENAME = Operation(
    tag="People",
    access="enrol",
    summary="Rename or describe a person",
    text=(
        f"{_NAMED} If the new `name` is enrolled already, the two people are merged. A face for "
        "which users rejected the new name loses its name. `metadata` takes the place of what was "
        "noted before. Of two people who are merged both stay, up to 20. `cover` is the id of the "
        "person's face that shows them; null, or the end of that face, brings back the one of the "
        "best quality."
    ),
    body=Body(json=PersonChange),
    answers={200: Answer(text="The person as they are now.", models=(PersonRenamed,))},
    actions=("rename", "merge", "describe_person"),
    errors=(*COLLECTION, *INDEX, *JSON_BODY, PersonNotFound, FaceNotFound, NotTheirFace),
    curl=curl_json(
        "/collections/staff/persons/Ada%20Lovelace", {"name": "Ada King"}, method="PATCH"
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
