"""What commands about collections, people and photos need of the service."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.collections.erasing.receipts import Receipt
from core.collections.person_notes import ConsentNote
from core.collections.shown.collections import CollectionDescription, CollectionSummary
from core.collections.shown.people import PersonConsent, PersonFaces, PersonRenamed, PersonSummary
from core.ports import PersonOrder
from efr_cli.service.queries import Matcher, MatchQuery

if TYPE_CHECKING:
    from core.collections.unknown.listing import GroupPage
    from core.collections.unknown.naming import Named


class ListedCollection(CollectionSummary):
    """A collection in the list of all; null is what is not counted."""

    state: Literal["active", "erasing"]
    persons: int | None = None
    faces: int | None = None
    expected_false_names: float | None = None


class Service(Protocol):
    """The service, here or on a server. People are given by name or id.

    Each method raises the errors of ``core.errors`` that the HTTP API answers with.
    """

    def collections(self, *, counts: bool) -> Iterator[ListedCollection]:
        """Yield the collections, in order of ids; ``counts`` tells whether to count in them."""
        ...

    def collection(self, collection_id: str) -> CollectionDescription:
        """Return a collection as it is now."""
        ...

    def create_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        """Create an empty collection with a threshold, a rate and metadata."""
        ...

    def change_collection(
        self, collection_id: str, fields: Mapping[str, Any]
    ) -> CollectionDescription:
        """Change some fields of a collection."""
        ...

    def delete_collection(self, collection_id: str) -> Receipt:
        """Erase a collection for good."""
        ...

    def persons(
        self, collection_id: str, *, prefix: str, order: PersonOrder
    ) -> Iterator[PersonSummary]:
        """Yield the people of a collection."""
        ...

    def person(self, collection_id: str, named: str) -> PersonFaces:
        """Return what is known of a person, with all faces."""
        ...

    def change_person(
        self, collection_id: str, named: str, fields: Mapping[str, Any]
    ) -> PersonRenamed:
        """Rename or describe a person; see `PersonChanges.change`."""
        ...

    def erase_person(self, collection_id: str, named: str) -> Receipt:
        """Erase a person for good."""
        ...

    def note_consent(self, collection_id: str, named: str, note: ConsentNote) -> PersonConsent:
        """Set the consent note of a person, instead of a former one."""
        ...

    def consent(self, collection_id: str, named: str) -> ConsentNote | None:
        """Return the consent note of a person, None if there is none."""
        ...

    def groups(self, collection_id: str, *, limit: int, ignored: bool) -> "GroupPage":
        """Return the biggest groups of unnamed faces."""
        ...

    def name_group(
        self, collection_id: str, group_id: str, person: str, *, without: Sequence[str]
    ) -> "Named":
        """Say whose the faces of a group are, but for some."""
        ...

    def ignore_group(self, collection_id: str, group_id: str, *, ignored: bool) -> int:
        """Never list a group again, or list it again; return how many faces it has."""
        ...

    def receipt(self, receipt_id: str) -> Receipt:
        """Return the receipt of an erasure."""
        ...

    def matcher(self, query: MatchQuery, *, photos: int) -> AbstractContextManager[Matcher]:
        """Search for the faces of so many photos."""
        ...
