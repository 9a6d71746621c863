"""Batches: many photos of a bucket, indexed by the workers."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from elastic_face.answers import BatchList, BatchStatus, BatchSubmitted, BatchSummary, PhotoOutcome
from elastic_face.calls.base import Calls, path_of, read
from elastic_face.errors import NotFinished

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 10.0
_GROWTH: Final = 1.5
_BATCHES_OF_A_PAGE: Final = 100


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Photos that were sent to the workers together."""

    batch_id: str
    calls: "BatchCalls" = field(repr=False)

    def status(self) -> BatchStatus:
        """Return how far it is, with one of its photos."""
        return self.calls.batch_status(self.batch_id)

    def outcomes(self) -> Iterator[PhotoOutcome]:
        """Yield what became of each photo, in the order in which they were named."""
        yield from self.calls.batch_outcomes(self.batch_id)

    def wait(
        self,
        *,
        timeout_s: float = 3600,
        progress: Callable[[BatchStatus], object] | None = None,
    ) -> BatchStatus:
        """Wait until no photo is pending, and return the counts.

        Parameters
        ----------
        progress : callable, optional
            Is told each time how far it is.

        Raises
        ------
        NotFinished
            If the time is over.
        """
        until, pause_s = time.monotonic() + timeout_s, _FIRST_PAUSE_S
        while True:
            status = self.status()
            if progress is not None:
                progress(status)
            if not status.pending:
                return status
            if time.monotonic() + pause_s > until:
                raise NotFinished(f"{status.pending} photos are pending", code="NOT_FINISHED")
            self.calls.pause(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * _GROWTH)


class BatchCalls(Calls):
    """Sends batches, and tells how far they are."""

    def index_batch(
        self,
        collection_id: str,
        *,
        s3_keys: Sequence[str] | None = None,
        s3_prefix: str | None = None,
        s3_bucket: str | None = None,
        person: str | None = None,
        largest: bool = False,
        max_faces: int | None = None,
        min_quality: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Batch:
        """Have photos of a bucket indexed: those of up to 1,000 keys, or below a prefix."""
        said = {
            "collection_id": collection_id,
            "s3_keys": None if s3_keys is None else list(s3_keys),
            "s3_prefix": s3_prefix,
            "s3_bucket": s3_bucket,
            "person": person,
            "largest": largest,
            "max_faces": max_faces,
            "min_quality": min_quality,
            "metadata": None if metadata is None else dict(metadata),
        }
        body = {name: value for name, value in said.items() if value is not None}
        # A second one would index every photo twice.
        answer = self._transport.ask("POST", "/faces/index/batch", json=body, repeatable=False)
        return self.batch(read(BatchSubmitted, answer).batch_id)

    def batch(self, batch_id: str) -> Batch:
        """Return a batch that was sent before."""
        return Batch(batch_id=batch_id, calls=self)

    def batches(self) -> Iterator[BatchSummary]:
        """Yield all batches, the newest first."""
        for page in self._pages(BatchList, "/batches", limit=_BATCHES_OF_A_PAGE):
            yield from page.batches

    def batch_status(self, batch_id: str) -> BatchStatus:
        """Return how far a batch is, with one of its photos."""
        return self._get(BatchStatus, path_of("batches", batch_id), limit=1)

    def batch_outcomes(self, batch_id: str) -> Iterator[PhotoOutcome]:
        """Yield what became of each photo of a batch."""
        for page in self._pages(BatchStatus, path_of("batches", batch_id)):
            yield from page.outcomes

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self._transport.sleep(seconds)
