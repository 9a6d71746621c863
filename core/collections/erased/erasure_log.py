"""What was erased and when, so that it does not come back.

Photos wait in queues for days, and a message may be delivered twice. So an erasure leaves a
record before it erases: a photo that was accepted before the record's time enrols nothing that
the record covers. Times are those of S3's clock, to the second; no machine's clock is trusted.

Records hold no names. They hold keyed hashes of people and faces, and the key is in the same
object: a record says nothing to anyone who can't read the bucket.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from pydantic import Field

from core.ground.records import Frozen

KEPT_FOR: Final = timedelta(days=40)
"""Longer than a message can live: 4 days in its queue, 14 as a dead letter, and both again."""
MARGIN: Final = timedelta(seconds=1)
"""How far clocks of S3's servers may differ: a photo accepted that much later counts as earlier."""


class ErasureRecord(Frozen):
    """Says that a person, faces or a whole collection were erased; ``marks`` are hashes.

    A record with ``renamed_to`` says that the person got that name, or that the face is that
    person's. The name is in use; it leaves the record when the person who has it is erased.
    """

    record_id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    at: datetime
    everything: bool = False
    marks: tuple[str, ...] = ()
    renamed_to: str | None = None


class ErasureLog(Frozen):
    """The erasures, renamings and the like of one collection, newest last."""

    key: str = Field(default_factory=lambda: secrets.token_hex(16))
    records: tuple[ErasureRecord, ...] = ()

    def covers(
        self,
        *,
        person: str | None,
        face_ids: Iterable[str] = (),
        image_id: str | None = None,
        accepted_at: datetime | None,
    ) -> bool:
        """Tell whether a photo must not be enrolled.

        Parameters
        ----------
        person : str or None
            Person whom the photo was accepted for.
        face_ids : iterable of str
            Ids of the faces that it would enrol.
        image_id : str, optional
            Its own id.
        accepted_at : datetime or None
            When the photo was accepted, by S3's clock; None is before everything.
        """
        if not self.records:
            return False
        marks = (*self._marks(face_ids), *self._marks_of(person), *self._image(image_id))
        times = (self._everything_at, *(self._times.get(mark) for mark in marks))
        last = max((time for time in times if time is not None), default=None)
        return last is not None and (accepted_at is None or accepted_at <= last + MARGIN)

    def name_now(
        self, person: str | None, accepted_at: datetime | None, *, face_id: str | None = None
    ) -> str | None:
        """Return today's name of the person whom a photo accepted at that time names.

        With ``face_id`` that of the person whose this face is, where users said so.
        """
        if not self._renamings:
            return person
        of_face = () if face_id is None else self._reassigned(face_id)
        of_person = self._marks_of(person)
        for record in self._renamings:
            is_later = accepted_at is None or accepted_at <= record.at
            if is_later and record.marks in (of_person, of_face):
                person = record.renamed_to
                of_person = self._marks_of(person)
        return person

    def covers_face(self, face_id: str) -> bool:
        """Tell whether a face was erased at any time."""
        return self.covers(person=None, face_ids=[face_id], accepted_at=None)

    def since(self, former: "ErasureLog") -> "ErasureLog":
        """Return the log with those records only that the former one did not have."""
        known = frozenset(former.records)
        new = tuple(record for record in self.records if record not in known)
        return ErasureLog(key=self.key, records=new)

    def left_out_by(self, changed: "ErasureLog") -> "ErasureLog":
        """Return the log with those erasures only that were left out of a changed one.

        An erasure has the same id there while it goes on, and a rejection or renaming erases
        nobody: of these none is returned that holds a name.
        """
        kept = {record.record_id for record in changed.records}
        left = (each for each in self.records if each.record_id not in kept)
        gone = tuple(each for each in left if each.renamed_to is None)
        return ErasureLog(key=self.key, records=gone)

    def with_past(self, past: Iterable["ErasureLog"]) -> "ErasureLog":
        """Return the log with the records of others that have its key before its own."""
        logs = (log for log in past if log.key == self.key)
        found = {each.record_id: each for log in logs for each in log.records}
        found.update((each.record_id, each) for each in self.records)
        return ErasureLog(key=self.key, records=tuple(found.values()))

    def with_record(
        self,
        record_id: str,
        *,
        at: datetime,
        person: str | None = None,
        face_ids: Iterable[str] = (),
        image_id: str | None = None,
        everything: bool = False,
    ) -> "ErasureLog":
        """Return the log with a record, instead of the one of that id, and without old ones."""
        marks = (*self._marks(face_ids), *self._marks_of(person), *self._image(image_id))
        record = ErasureRecord(record_id=record_id, at=at, everything=everything, marks=marks)
        kept = [
            other
            for other in self.records
            if other.record_id != record_id and other.at > at - KEPT_FOR
        ]
        return ErasureLog(key=self.key, records=(*self._without_name(kept, person), record))

    def with_renaming(self, *, at: datetime, person: str, new_name: str) -> "ErasureLog":
        """Return the log with a record that a person is called otherwise from then on."""
        record = ErasureRecord(at=at, marks=self._marks_of(person), renamed_to=new_name)
        kept = (other for other in self.records if other.at > at - KEPT_FOR)
        return ErasureLog(key=self.key, records=(*kept, record))

    def with_reassignment(self, *, at: datetime, face_id: str, person: str) -> "ErasureLog":
        """Return the log with a record of whose a face is, instead of the face's former one."""
        record = ErasureRecord(at=at, marks=self._reassigned(face_id), renamed_to=person)
        kept = (
            other
            for other in self.records
            if other.marks != record.marks and other.at > at - KEPT_FOR
        )
        return ErasureLog(key=self.key, records=(*kept, record))

    def with_rejection(self, *, at: datetime, face_id: str, person: str) -> "ErasureLog":
        """Return the log with a record of a rejection."""
        record = ErasureRecord(at=at, marks=(self._mark("rejection", f"{face_id} {person}"),))
        kept = (other for other in self.records if other.at > at - KEPT_FOR)
        return ErasureLog(key=self.key, records=(*kept, record))

    def rejects(self, face_id: str, person: str, accepted_at: datetime | None) -> bool:
        """Tell whether a person was rejected for a face after its photo was accepted."""
        if not self.records:
            return False
        said_at = self._times.get(self._mark("rejection", f"{face_id} {person}"))
        return said_at is not None and (accepted_at is None or accepted_at <= said_at + MARGIN)

    def _without_name(
        self, records: Sequence[ErasureRecord], person: str | None
    ) -> list[ErasureRecord]:
        """Make erasures of the renamings that led to a person: late photos have former names."""
        theirs = set(self._marks_of(person))
        found: list[ErasureRecord] = []
        for record in sorted(records, key=lambda record: record.at, reverse=True):
            if theirs & set(self._marks_of(record.renamed_to)):
                theirs.update(record.marks)
                found.append(record.model_copy(update={"renamed_to": None}))
            else:
                found.append(record)
        return found[::-1]

    @cached_property
    def _everything_at(self) -> datetime | None:
        return max((record.at for record in self.records if record.everything), default=None)

    @cached_property
    def _times(self) -> dict[str, datetime]:
        """When each mark was erased last."""
        ordered = sorted(self.records, key=lambda record: record.at)
        return {
            mark: record.at
            for record in ordered
            if record.renamed_to is None
            for mark in record.marks
        }

    @cached_property
    def _renamings(self) -> list[ErasureRecord]:
        renamings = (record for record in self.records if record.renamed_to is not None)
        return sorted(renamings, key=lambda record: record.at)

    def _reassigned(self, face_id: str) -> tuple[str, ...]:
        return (self._mark("reassignment", face_id),)

    def _marks(self, face_ids: Iterable[str]) -> Iterable[str]:
        return (self._mark("face", face_id) for face_id in face_ids)

    def _marks_of(self, person: str | None) -> tuple[str, ...]:
        return () if person is None else (self._mark("person", person),)

    def _image(self, image_id: str | None) -> tuple[str, ...]:
        return () if image_id is None else (self._mark("image", image_id),)

    def _mark(self, kind: str, text: str) -> str:
        hashed = hashlib.blake2b(f"{kind} {text}".encode(), key=self.key.encode(), digest_size=16)
        return hashed.hexdigest()


NOTHING_ERASED: Final = ErasureLog(key="")
