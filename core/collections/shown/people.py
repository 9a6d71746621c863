"""What callers see of enrolled people."""

from datetime import datetime
from typing import Self

from core.collections.person_notes import ConsentNote
from core.collections.persons import KnownPerson
from core.collections.shown.faces import FaceList
from core.ground.records import Frozen


class PersonSummary(Frozen):
    """A person; `cover` is the id of the face that shows them.

    `person_id` stays when the person is renamed. The times are null while all faces are those of an
    older version of the service.
    """

    person: str
    person_id: str
    faces: int
    cover: str
    first_enrolled_at: datetime | None
    last_enrolled_at: datetime | None
    metadata: dict[str, str]
    consent: ConsentNote | None

    @classmethod
    def of(cls, known: KnownPerson) -> Self:
        """Return what callers see of a person."""
        return cls(
            person_id=known.person_id,
            metadata=known.record.metadata,
            consent=known.record.consent,
            **vars(known.enrolled),
        )


class PersonList(Frozen):
    """A page of people; `next_token` is null on the last one."""

    persons: list[PersonSummary]
    next_token: str | None


class PersonFaces(FaceList):
    """A person with their consent note, null if there is none, and a page of their faces.

    `cover` is the id of the face that was chosen to show them, null while none is.
    """

    person: str
    person_id: str
    metadata: dict[str, str]
    cover: str | None
    consent: ConsentNote | None


class PersonConsent(Frozen):
    """A person and their consent note."""

    person: str
    consent: ConsentNote


class PersonRenamed(Frozen):
    """A person as they are now; `faces` is how many got another name.

    `cover` is the id of the face that was chosen to show them, null while none is.
    """

    person: str
    person_id: str
    metadata: dict[str, str]
    cover: str | None
    faces: int
