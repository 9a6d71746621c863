"""Finds and erases the jobs that hold a person: their photos and results.

A job that has ended is found by its result. A job that waits or has failed is found by the
metadata of its photo: the collection, and the person that the caller named. All results are
read, and the metadata of all photos without an answer, so that no second index can be wrong.
What this process has read before, it reads again only if it may hold the person.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from core.collections.erasing.receipts import Removed
from core.collections.erasing.seen_notes import SeenNotes
from core.collections.erasing.seen_results import SeenResults, Sweep
from core.collections.erasing.whom import Whom
from core.errors import Erased, ObjectMissing
from core.ground.ids import is_job_id
from core.ground.realms import Realm
from core.ground.storage_keys import is_photo_key, job_of_photo, photo_prefix
from core.jobs.batch_records import Batch, BatchLists
from core.jobs.job_listing import listed_jobs
from core.jobs.recognition_job import (
    COLLECTION_NOTE,
    PERSON_NOTE,
    JobDone,
    JobFailed,
    failed,
    person_noted,
)
from core.jobs.results import JobResult, Results
from core.ports import ObjectNotes, ObjectStore

_THREADS: Final = 16


@dataclass(frozen=True, kw_only=True)
class Found:
    """Jobs that are to be erased. Those that were answered leave nothing, the others an ending.

    ``mentions`` are results of other people's photos as they are to be, without the person,
    with the versions that they have now.
    """

    answered: frozenset[str] = frozenset()
    unanswered: frozenset[str] = frozenset()
    batches: tuple[Batch, ...] = ()
    mentions: tuple[tuple[JobDone, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.answered or self.unanswered or self.batches or self.mentions)

    def __or__(self, other: "Found") -> "Found":
        return Found(
            answered=self.answered | other.answered,
            unanswered=self.unanswered | other.unanswered,
            batches=(*self.batches, *other.batches),
        )

    @property
    def jobs(self) -> frozenset[str]:
        return self.answered | self.unanswered


@dataclass(frozen=True, kw_only=True)
class Traces:
    """A realm's jobs in an input and an output bucket."""

    inputs: ObjectStore
    outputs: ObjectStore
    realm: Realm
    seen: SeenResults = field(default_factory=SeenResults)

    def find(self, whom: Whom) -> Found:
        """Return the jobs that hold the person, waiting or ended."""
        # Photos first: a job that is answered meanwhile is then found by its result.
        photos = [key for key in listed_jobs(self.inputs) if is_photo_key(key)]
        results = {
            key: version for key, version in listed_jobs(self.outputs).items() if is_job_id(key)
        }
        waiting = self._waiting(whom, (key for key in photos if job_of_photo(key) not in results))
        ended = self._ended(whom, results)
        return replace(
            ended,
            unanswered=(waiting - ended.answered) | ended.unanswered,
            batches=tuple(self._batches(whom)),
        )

    def of_job(self, job_id: str, whom: Whom) -> Found:
        """Return the job by which a face was enrolled if it holds that, and not another's."""
        result = Results(self.outputs, self.realm).read(job_id)
        if result is not None and whom.is_in(result):
            return Found(answered=frozenset({job_id}))
        in_collection = Whom(collection_id=whom.collection_id)
        is_answered = result is not None and not isinstance(result, JobFailed)
        if not is_answered and self._is_noted(job_id, in_collection):
            return Found(unanswered=frozenset({job_id}))
        return Found()

    def stored(self, job_ids: Iterable[str]) -> frozenset[str]:
        """Return those of the realm's jobs that have a result, or a photo that waits no more."""
        results = Results(self.outputs, self.realm)
        return frozenset(
            job_id
            for job_id in job_ids
            if results.read(job_id) is not None or self.inputs.keys(photo_prefix(job_id))
        )

    def erase(self, found: Found) -> Removed:
        """Remove what holds the jobs; last the results by which they would be found again."""
        lists = BatchLists(outputs=self.outputs, realm=self.realm)
        batches = lists.erase_photos(found.jobs) if found.jobs else set()
        for batch in found.batches:
            lists.forget_person(batch)
        with ThreadPoolExecutor(max_workers=_THREADS) as threads:
            photos = sum(threads.map(self._erase_answered, found.answered))
            photos += sum(threads.map(self._end_as_erased, found.unanswered))
            # One that was erased or changed meanwhile is not written; the next look finds it.
            list(threads.map(lambda mention: self._write_over(*mention), found.mentions))
        return Removed(
            jobs=len(found.jobs),
            photos=photos,
            results=len(found.answered),
            batches=len(batches | {batch.batch_id for batch in found.batches}),
        )

    def _waiting(self, whom: Whom, photos: Iterable[str]) -> frozenset[str]:
        """Return the jobs of those photos whose metadata names the person."""
        noted = self._notes.of(photos, threads=_THREADS)
        return frozenset(
            job_of_photo(key) for key, notes in noted.items() if self._say(notes, whom)
        )

    def _ended(self, whom: Whom, results: Mapping[str, str]) -> Found:
        """Return the person's jobs that were answered or failed, and what mentions them."""
        sweep = self.seen.sweep(whom.collection_id, person=whom.person, face_ids=whom.face_ids)

        def held(job_id: str) -> Found:
            with self.seen.reading(results[job_id]):
                read = None if sweep.rules_out(results[job_id]) else self._read(job_id, sweep)
            if read is None:
                return Found()
            result, version = read
            if self._is_held(result, whom):
                job = frozenset({job_id})
                is_failure = isinstance(result, JobFailed)
                return Found(unanswered=job) if is_failure else Found(answered=job)
            left = whom.without_mention(result)
            return Found() if left is None else Found(mentions=((left, version),))

        unread = [job_id for job_id, version in results.items() if not sweep.rules_out(version)]
        with ThreadPoolExecutor(max_workers=_THREADS) as threads:
            found = list(threads.map(held, unread))
        sweep.end()
        return Found(
            answered=frozenset().union(*(each.answered for each in found)),
            unanswered=frozenset().union(*(each.unanswered for each in found)),
            mentions=tuple(mention for each in found for mention in each.mentions),
        )

    def _read(self, job_id: str, sweep: Sweep) -> tuple[JobResult, str] | None:
        """Return a result of the realm with its version, and let the sweep remember it."""
        found = Results(self.outputs, self.realm).read_version(job_id)
        if found is None:
            return None
        result, version = found
        if result is None:
            sweep.note_other(version)
            return None
        sweep.note(version, result)
        return result, version

    def _is_held(self, result: JobResult, whom: Whom) -> bool:
        if not isinstance(result, JobFailed):
            return whom.is_in(result)
        if result.error.code == Erased.code:
            return False
        if result.collection_id not in (None, whom.collection_id):
            return False
        return whom.is_in(result) or self._is_noted(result.job_id, whom)

    def _is_noted(self, job_id: str, whom: Whom) -> bool:
        for key in self.inputs.keys(photo_prefix(job_id)):
            with suppress(ObjectMissing):
                if self._say(self.inputs.notes(key), whom):
                    return True
        return False

    def _say(self, noted: ObjectNotes, whom: Whom) -> bool:
        """Tell whether a photo's metadata names the person."""
        if not self.realm.owns(noted.metadata):
            return False
        if noted.metadata.get(COLLECTION_NOTE) != whom.collection_id:
            return False
        if whom.is_everybody:
            return True
        person = noted.metadata.get(PERSON_NOTE)
        return person is not None and whom.is_called(person_noted(person), noted.modified_at)

    @cached_property
    def _notes(self) -> SeenNotes:
        return SeenNotes(self.inputs)

    def _batches(self, whom: Whom) -> Iterator[Batch]:
        if whom.person is not None:
            lists = BatchLists(outputs=self.outputs, realm=self.realm)
            for batch in lists.of_collection(whom.collection_id):
                if batch.person and whom.is_called(batch.person, batch.accepted_at):
                    yield batch

    def _erase_answered(self, job_id: str) -> int:
        photos = self._erase_photo(job_id)
        self.outputs.delete(job_id)
        return photos

    def _write_over(self, result: JobDone, version: str) -> None:
        self.outputs.put_if(
            result.job_id,
            result.model_dump_json().encode(),
            content_type="application/json",
            version=version,
            metadata=self.realm.notes,
        )

    def _end_as_erased(self, job_id: str) -> int:
        photos = self._erase_photo(job_id)
        ending = failed(job_id, Erased.code, str(Erased()))
        self.outputs.put(
            job_id,
            ending.model_dump_json().encode(),
            content_type="application/json",
            metadata=self.realm.notes,
        )
        return photos

    def _erase_photo(self, job_id: str) -> int:
        keys = self.inputs.keys(photo_prefix(job_id))
        self.inputs.delete_many(keys)
        return len(keys)
