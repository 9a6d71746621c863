"""What the output bucket holds of a batch: its photos, and a mark for each job that has ended.

A tenant is noted with its batches, and sees no other's.
"""

from collections.abc import Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import AwareDatetime

from core.errors import ObjectMissing
from core.ground.realms import WHOLE, Realm
from core.ground.records import Frozen
from core.ground.storage_keys import (
    BATCHES,
    batch_list_key,
    batch_mark_key,
    batch_of_time,
    batch_prefix,
    batch_time_key,
    batch_times_prefix,
)
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job
from core.jobs.results import JobResult
from core.ports import ObjectStore

ERASED: Final = "erased"
"""What stands for the name of a photo whose job was erased."""

_BEHIND_SLASH: Final = "0"
_AT_ONCE: Final = 16


class BatchPhoto(Frozen):
    """One photo of a batch and its job."""

    job_id: str
    image_id: str


class Batch(Frozen):
    """What was asked for; photos are in the order of the request.

    ``person`` is whom the caller named for the photos, until that person is erased.
    """

    batch_id: str
    collection_id: str
    person: str | None = None
    accepted_at: AwareDatetime | None = None
    photos: list[BatchPhoto]


@dataclass(frozen=True, kw_only=True)
class BatchLists:
    """The batches of a realm in one output bucket."""

    outputs: ObjectStore
    realm: Realm = WHOLE

    def write(self, batch: Batch) -> None:
        self.outputs.put(
            batch_list_key(batch.batch_id),
            batch.model_dump_json().encode(),
            content_type="application/json",
            metadata=self.realm.notes,
        )

    def announce(self, batch: Batch) -> None:
        """Let a new batch be found by its time."""
        key = self._time_key(batch)
        if key is not None:
            self.outputs.put(key, b"", content_type="application/octet-stream")

    def newest(self, *, limit: int, after: str = "") -> tuple[list[Batch], str | None]:
        """Return the next batches behind a place, newest first, and the place of the last.

        The place is None on the last page. Batches that are gone, or are not seen, are left out.
        """
        prefix = batch_times_prefix(self.realm.tenant)
        keys = self.outputs.keys(prefix, after=prefix + after if after else "", limit=limit + 1)
        shown = keys[:limit]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
            found = list(threads.map(self.read, map(batch_of_time, shown)))
        place = shown[-1].removeprefix(prefix) if len(keys) > limit else None
        return [batch for batch in found if batch is not None], place

    def read(self, batch_id: str) -> Batch | None:
        """Return a batch, None if there is none."""
        try:
            stored = self.outputs.get(batch_list_key(batch_id))
        except ObjectMissing:
            return None
        batch = Batch.model_validate_json(stored.body)
        is_known = self.realm.owns(stored.metadata) and self.realm.shows(batch.collection_id)
        return batch if is_known else None

    def erase_photos(self, job_ids: Set[str]) -> set[str]:
        """Forget what the photos of these jobs are called; return the batches that named any."""
        changed: set[str] = set()
        for batch in self._all():
            photos = _without_names(batch, job_ids)
            if photos != batch.photos:
                is_whole = all(photo.image_id == ERASED for photo in photos)
                person = None if is_whole else batch.person
                self.write(batch.model_copy(update={"photos": photos, "person": person}))
                changed.add(batch.batch_id)
        return changed

    def of_collection(self, collection_id: str) -> Iterator[Batch]:
        for batch in self._all():
            if batch.collection_id == collection_id:
                yield batch

    def forget_person(self, batch: Batch) -> None:
        """Forget the person whom the caller named for a batch, and the photos' names."""
        photos = _without_names(batch, {photo.job_id for photo in batch.photos})
        self.write(batch.model_copy(update={"photos": photos, "person": None}))

    def erase_collection(self, collection_id: str) -> int:
        """Remove every batch of a collection; return how many there were."""
        erased = 0
        for batch in self.of_collection(collection_id):
            key = self._time_key(batch)
            if key is not None:
                self.outputs.delete(key)
            while keys := self.outputs.keys(batch_prefix(batch.batch_id)):
                self.outputs.delete_many(keys)
            erased += 1
        return erased

    def _time_key(self, batch: Batch) -> str | None:
        if batch.accepted_at is None:  # of an older version, which listed none
            return None
        return batch_time_key(self.realm.tenant, batch.batch_id, batch.accepted_at)

    def _all(self) -> Iterator[Batch]:
        """Yield every batch, without listing what belongs to each."""
        after = ""
        while keys := self.outputs.keys(BATCHES, after=after, limit=1):
            batch_id = keys[0].removeprefix(BATCHES).partition("/")[0]
            after = f"{BATCHES}{batch_id}{_BEHIND_SLASH}"
            batch = self.read(batch_id)
            if batch is not None:
                yield batch


def note_outcome(outputs: ObjectStore, job: Job | IndexJob, result: JobResult) -> None:
    """Leave the mark by which a job that has ended is counted in its batch, if it has one."""
    if isinstance(job, IndexJob) and job.batch_id is not None:
        note_ended(outputs, job.batch_id, job.position, result)


def note_ended(outputs: ObjectStore, batch_id: str, position: int, result: JobResult) -> None:
    """Leave the mark of the photo at a position of a batch."""
    key = batch_mark_key(batch_id, position, result.status)
    outputs.put(key, b"", content_type="application/octet-stream")


def _without_names(batch: Batch, job_ids: Set[str]) -> list[BatchPhoto]:
    return [
        photo.model_copy(update={"image_id": ERASED}) if photo.job_id in job_ids else photo
        for photo in batch.photos
    ]


def ended_photos(outputs: ObjectStore, batch_id: str) -> dict[int, Literal["done", "failed"]]:
    """Return how each photo of a batch ended that has ended, by its position."""
    ended: dict[int, Literal["done", "failed"]] = {}
    prefix = batch_prefix(batch_id)
    for key in all_keys(outputs, prefix):
        position, _, ending = key.removeprefix(prefix).partition(".")
        if ending in ("done", "failed"):
            ended[int(position)] = "done" if ending == "done" else "failed"
    return ended


def all_keys(store: ObjectStore, prefix: str) -> Iterator[str]:
    """Yield all keys of a bucket that begin so, in order."""
    after = ""
    while keys := store.keys(prefix, after=after):
        yield from keys
        after = keys[-1]
