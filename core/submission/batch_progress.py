"""How far batches are, and what became of their photos."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Self

from pydantic import AwareDatetime

from core.errors import BatchNotFound
from core.ground.ids import is_job_id
from core.ground.realms import Realm
from core.ground.records import Frozen
from core.jobs.batch_records import Batch, BatchLists, BatchPhoto, ended_photos
from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import Failure, JobFailed
from core.jobs.results import Results
from core.ports import ObjectStore

_AT_ONCE: Final = 16

OutcomeStatus = Literal["done", "failed", "pending"]


class PhotoOutcome(Frozen):
    """What became of one photo; ``faces`` and ``unindexed`` count them once it is done."""

    image_id: str
    job_id: str
    status: OutcomeStatus
    faces: int | None = None
    unindexed: int | None = None
    error: Failure | None = None


class BatchSummary(Frozen):
    """How far a batch is.

    ``photos_per_s`` is the mean since it was accepted. It and ``expected_end_at`` are None before
    the first photo has ended, and after the last one.
    """

    batch_id: str
    collection_id: str
    accepted_at: AwareDatetime | None
    total: int
    done: int
    failed: int
    pending: int
    photos_per_s: float | None
    expected_end_at: AwareDatetime | None

    @classmethod
    def of(cls, batch: Batch, ended: Mapping[int, str], *, now: datetime) -> Self:
        """Return the counts of a batch, of which these photos have ended until now."""
        done = sum(status == "done" for status in ended.values())
        pending = len(batch.photos) - len(ended)
        rate, end = None, None
        if batch.accepted_at is not None and ended and pending:
            passed_s = max(1.0, (now - batch.accepted_at).total_seconds())
            rate = len(ended) / passed_s
            end = now + timedelta(seconds=pending / rate)
        return cls(
            batch_id=batch.batch_id,
            collection_id=batch.collection_id,
            accepted_at=batch.accepted_at,
            total=len(batch.photos),
            done=done,
            failed=len(ended) - done,
            pending=pending,
            photos_per_s=None if rate is None else round(rate, 3),
            expected_end_at=end,
        )


class BatchProgress(BatchSummary):
    """How far a batch is, and what became of some of its photos."""

    outcomes: list[PhotoOutcome]


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The batches of a realm, as the output bucket has them."""

    outputs: ObjectStore
    realm: Realm

    def status(self, batch_id: str, *, limit: int, start: int = 0) -> BatchProgress:
        """Tell how many photos are done, failed and pending, and what became of some.

        Parameters
        ----------
        limit : int
            Photos described in full.
        start : int
            Position of the first of them.

        Raises
        ------
        BatchNotFound
            If the id was never issued.
        """
        batch = self._batch(batch_id)
        ended = ended_photos(self.outputs, batch_id)
        page = list(enumerate(batch.photos))[start : start + limit]
        summary = BatchSummary.of(batch, ended, now=self.outputs.now())
        return BatchProgress(
            **dict(summary),
            outcomes=[
                self._outcome(photo, ended.get(position, "pending")) for position, photo in page
            ],
        )

    def newest(self, *, limit: int, after: str = "") -> tuple[list[BatchSummary], str | None]:
        """Return the next batches behind a place, newest first, and where the next page begins."""
        found, place = self._lists.newest(limit=limit, after=after)
        now = self.outputs.now()

        def summary(batch: Batch) -> BatchSummary:
            return BatchSummary.of(batch, ended_photos(self.outputs, batch.batch_id), now=now)

        with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
            return list(threads.map(summary, found)), place

    @property
    def _lists(self) -> BatchLists:
        return BatchLists(outputs=self.outputs, realm=self.realm)

    def _batch(self, batch_id: str) -> Batch:
        if not is_job_id(batch_id):
            raise BatchNotFound("a batch id is a UUID of version 4, in lower case")
        batch = self._lists.read(batch_id)
        if batch is None:
            raise BatchNotFound(f"no batch {batch_id} was issued")
        return batch

    def _outcome(self, photo: BatchPhoto, status: OutcomeStatus) -> PhotoOutcome:
        result = (
            None if status == "pending" else Results(self.outputs, self.realm).read(photo.job_id)
        )
        outcome = PhotoOutcome(image_id=photo.image_id, job_id=photo.job_id, status=status)
        if isinstance(result, JobFailed):
            return outcome.model_copy(update={"error": result.error})
        if isinstance(result, IndexDone):
            return outcome.model_copy(
                update={
                    "faces": len(result.face_records),
                    "unindexed": len(result.unindexed_faces),
                }
            )
        return outcome
