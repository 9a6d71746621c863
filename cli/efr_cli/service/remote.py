"""The service on a server, over its HTTP API: no rights on AWS are needed, but a key."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from core.collections.erasing.receipts import Receipt
from core.collections.matches import Matched
from core.collections.person_notes import ConsentNote
from core.collections.shown.collections import CollectionDescription, CollectionSummary
from core.collections.shown.people import (
    PersonConsent,
    PersonFaces,
    PersonList,
    PersonRenamed,
    PersonSummary,
)
from core.ports import PersonOrder
from efr_cli.service.http import Http
from efr_cli.service.port import ListedCollection
from efr_cli.service.queries import MATCHES, Matcher, MatchQuery

if TYPE_CHECKING:
    from core.collections.unknown.listing import GroupPage
    from core.collections.unknown.naming import Named

_PAGE: Final = 1000
_ASKED_AT_ONCE: Final = 4
"""Photos that are sent at once; the web tier has few children."""


@dataclass(frozen=True, kw_only=True)
class RemoteService:
    """A `Service` that asks a server."""

    http: Http

    def collections(self, *, counts: bool) -> Iterator[ListedCollection]:
        for page in self._pages("/collections"):
            for each in map(CollectionSummary.model_validate, page["collections"]):
                found = self.collection(each.collection_id) if counts else each
                yield ListedCollection(state="active", **dict(found))

    def collection(self, collection_id: str) -> CollectionDescription:
        answer = self.http.ask("GET", _collection(collection_id))
        return CollectionDescription.model_validate(answer.json())

    def create_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        body = {"collection_id": collection_id, **fields}
        answer = self.http.ask("POST", "/collections", json=body)
        return CollectionDescription.model_validate(answer.json())

    def change_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        answer = self.http.ask("PATCH", _collection(collection_id), json=dict(fields))
        return CollectionDescription.model_validate(answer.json())

    def delete_collection(self, collection_id: str) -> Receipt:
        return self._erase(_collection(collection_id))

    def persons(
        self, collection_id: str, *, prefix: str, order: PersonOrder
    ) -> Iterator[PersonSummary]:
        path = f"{_collection(collection_id)}/persons"
        for page in self._pages(path, prefix=prefix, sort=order):
            yield from PersonList.model_validate(page).persons

    def person(self, collection_id: str, named: str) -> PersonFaces:
        first, *more = self._pages(_person(collection_id, named))
        faces = [face for page in (first, *more) for face in page["faces"]]
        return PersonFaces.model_validate(first | {"faces": faces, "next_token": None})

    def change_person(
        self, collection_id: str, named: str, fields: Mapping[str, Any]
    ) -> PersonRenamed:
        answer = self.http.ask("PATCH", _person(collection_id, named), json=dict(fields))
        return PersonRenamed.model_validate(answer.json())

    def erase_person(self, collection_id: str, named: str) -> Receipt:
        return self._erase(_person(collection_id, named))

    def note_consent(self, collection_id: str, named: str, note: ConsentNote) -> PersonConsent:
        path = _person(collection_id, named, "consents")
        answer = self.http.ask("PUT", path, json=note.model_dump(mode="json"))
        return PersonConsent.model_validate(answer.json())

    def consent(self, collection_id: str, named: str) -> ConsentNote | None:
        answer = self.http.ask("GET", _person(collection_id, named), query={"limit": "1"})
        return PersonFaces.model_validate(answer.json()).consent

    def groups(self, collection_id: str, *, limit: int, ignored: bool) -> "GroupPage":
        from core.collections.unknown.listing import GroupPage, ShownGroup, Suggestion

        query = {"limit": str(limit), "ignored": str(ignored).lower()}
        page = self.http.ask("GET", f"{_collection(collection_id)}/groups", query=query).json()
        shown = [
            ShownGroup(
                group_id=each["group_id"],
                size=each["size"],
                face_ids=tuple(face["face_id"] for face in each["faces"]),
                suggestion=each["suggestion"] and Suggestion(**each["suggestion"]),
            )
            for each in page["groups"]
        ]
        return GroupPage(groups=shown, pending=page["pending"])

    def name_group(
        self, collection_id: str, group_id: str, person: str, *, without: Sequence[str]
    ) -> "Named":
        from core.collections.unknown.naming import Named

        path = _group(collection_id, group_id, "name")
        body = {"person": person, "without": list(without)}
        named = self.http.ask("POST", path, json=body).json()
        return Named(faces=named["faces"], rejected=tuple(named["rejected"]))

    def ignore_group(self, collection_id: str, group_id: str, *, ignored: bool) -> int:
        path = _group(collection_id, group_id, "ignore" if ignored else "unignore")
        faces: int = self.http.ask("POST", path).json()["faces"]
        return faces

    def receipt(self, receipt_id: str) -> Receipt:
        answer = self.http.ask("GET", f"/receipts/{quote(receipt_id, safe='')}")
        return Receipt.model_validate(answer.json())

    @contextmanager
    def matcher(self, query: MatchQuery, *, photos: int) -> Iterator[Matcher]:
        self.collection(query.collection_id)
        match = partial(self._match, _form(query))
        yield Matcher(match=match, threads=min(_ASKED_AT_ONCE, photos))

    def _match(self, form: dict[str, str], photo: bytes) -> Matched:
        return Matched.model_validate(self.http.send_photo("/faces/match", photo, form).json())

    def _erase(self, path: str) -> Receipt:
        receipt = self.http.ask("DELETE", path).headers["Receipt"]
        return Receipt.model_validate(self.http.ask("GET", receipt).json())

    def _pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            asked = {**query, "limit": str(_PAGE), **({"next_token": token} if token else {})}
            page: dict[str, Any] = self.http.ask("GET", path, query=asked).json()
            yield page
            if not page["next_token"]:
                return
            token = page["next_token"]


def _collection(collection_id: str) -> str:
    return f"/collections/{quote(collection_id, safe='')}"


def _group(collection_id: str, group_id: str, what: str) -> str:
    return f"{_collection(collection_id)}/groups/{quote(group_id, safe='')}/{what}"


def _person(collection_id: str, named: str, what: str = "persons") -> str:
    return f"{_collection(collection_id)}/{what}/{quote(named, safe='')}"


def _form(query: MatchQuery) -> dict[str, str]:

    said = {
        "collection_id": query.collection_id,
        "by": query.by,
        "max_matches": str(MATCHES),
        "all_faces": str(query.all_faces).lower(),
        "threshold": query.threshold,
        "min_quality": query.min_quality,
        "metadata": json.dumps(query.metadata) if query.metadata else None,
    }
    return {name: str(value) for name, value in said.items() if value is not None}
