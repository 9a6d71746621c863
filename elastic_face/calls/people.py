"""Enrolled people, and what is known of them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from elastic_face.answers import (
    PersonConsent,
    PersonFaces,
    PersonList,
    PersonRenamed,
    PersonSummary,
    Receipt,
)
from elastic_face.calls.base import KEEP, Calls, Keep, given, path_of, read

Order = Literal["name", "faces", "last_enrolled"]


class PeopleCalls(Calls):
    """Lists, changes and erases people, who are named by name or id."""

    def people(
        self, collection_id: str, *, prefix: str = "", sort: Order = "name"
    ) -> Iterator[PersonSummary]:
        """Yield the people of a collection, those whose names begin so."""
        path = path_of("collections", collection_id, "persons")
        for page in self._pages(PersonList, path, prefix=prefix or None, sort=sort):
            yield from page.persons

    def person(self, collection_id: str, person: str) -> PersonFaces:
        """Return what is known of a person, with all faces."""
        path = path_of("collections", collection_id, "persons", person)
        first, *more = self._pages(PersonFaces, path)
        faces = [face for page in (first, *more) for face in page.faces]
        return replace(first, faces=faces, next_token=None)

    def change_person(
        self,
        collection_id: str,
        person: str,
        *,
        name: str | Keep = KEEP,
        metadata: Mapping[str, str] | Keep = KEEP,
        cover: str | Keep | None = KEEP,
    ) -> PersonRenamed:
        """Give a person another name, metadata, or the face that shows them.

        A name that someone has already makes one person of two.
        """
        body = given(
            name=name,
            metadata=metadata if isinstance(metadata, Keep) else dict(metadata),
            cover=cover,
        )
        path = path_of("collections", collection_id, "persons", person)
        return read(PersonRenamed, self._transport.ask("PATCH", path, json=body))

    def erase_person(self, collection_id: str, person: str) -> Receipt:
        """Erase a person for good, with the photos and results that show or name them."""
        return self._erase(path_of("collections", collection_id, "persons", person))

    def note_consent(
        self, collection_id: str, person: str, *, text: str, date: dt.date, source: str
    ) -> PersonConsent:
        """Note what a person agreed to, in place of an earlier note."""
        body = {"text": text, "date": date.isoformat(), "source": source}
        path = path_of("collections", collection_id, "consents", person)
        answer = self._transport.ask("PUT", path, json=body, repeatable=True)
        return read(PersonConsent, answer)
