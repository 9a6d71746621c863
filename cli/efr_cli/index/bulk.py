"""Indexes photos of a bucket through the service's index queue: submit, wait, report."""

import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import FrameType
from typing import Final

from tqdm import tqdm

from core.errors import BatchNotFound
from core.ground.authors import TYPIST
from core.jobs.index_job import IndexDone, is_key
from core.ports import ObjectStore
from core.submission.batch_progress import PhotoOutcome
from core.submission.batch_requests import MAX_KEYS
from efr_cli.context import CliContext
from efr_cli.index.journal import Journal, SubmittedBatch
from efr_cli.index.remarks import Remark, left_out

_POLL_S: Final = 1.0
_WATCHED: Final = 20
"""Batches whose status one round asks for; the queue serves the oldest ones first."""


@dataclass(kw_only=True)
class BulkRun:
    """One run over a prefix, possibly continued."""

    parts: CliContext
    journal: Journal
    refused: list[Remark] = field(default_factory=list)
    """Keys that can't be submitted."""
    photos: int = 0
    faces: int = 0

    def forget_lost_batches(self) -> None:
        """Let photos be submitted again whose batch the service no longer knows."""
        batches = self.journal.batches
        kept = [batch for batch in batches if self._is_known(batch)]
        if len(kept) < len(batches):
            self.journal.rewrite(kept)

    def submit(self) -> None:
        """Queue what was not queued before, in batches."""
        with tqdm(desc="submitted", unit="photo", disable=None) as bar:
            bar.update(sum(len(batch.keys) for batch in self.journal.batches))
            new_keys = self._new_keys()
            while keys := self._next(new_keys):
                with uninterrupted():
                    self._submit(keys)
                bar.update(len(keys))

    def wait(self) -> None:
        """Return when every photo is done or failed."""
        waiting = list(self.journal.batches)
        settled: Counter[str] = Counter()
        total = sum(len(batch.keys) for batch in waiting)
        with tqdm(desc="indexed", total=total, unit="photo", disable=None) as bar:
            while waiting:
                for batch in waiting[:_WATCHED]:
                    status = self.parts.batches.status(batch.batch_id, limit=0)
                    settled[batch.batch_id] = status.done + status.failed
                bar.update(settled.total() - bar.n)
                waiting = [b for b in waiting if settled[b.batch_id] < len(b.keys)]
                if waiting:
                    self.parts.sleep(_POLL_S)

    def remarks(self) -> Iterator[Remark]:
        """Yield remarks on photos, counting all photos."""
        yield from self.refused
        self.photos = len(self.refused)
        self.faces = 0
        for outcome in self._outcomes():
            self.photos += 1
            self.faces += outcome.faces or 0
            reason = self._reason(outcome)
            if reason is not None:
                yield Remark(key=outcome.image_id, reason=reason, used=bool(outcome.faces))

    def _is_known(self, batch: SubmittedBatch) -> bool:
        try:
            self.parts.batches.status(batch.batch_id, limit=0)
        except BatchNotFound:
            return False
        return True

    def _submit(self, keys: list[str]) -> None:
        run_request = self.journal.run_request
        batch_id = self.parts.batch_requests.submit_keys(
            run_request.bucket, keys, run_request.request, TYPIST
        )
        self.journal.append(SubmittedBatch(batch_id=batch_id, keys=keys))

    def _next(self, new_keys: Iterator[str]) -> list[str]:
        with self.parts.batch_requests.sources.reading(self.journal.run_request.bucket):
            return list(islice(new_keys, MAX_KEYS))

    def _new_keys(self) -> Iterator[str]:
        run_request = self.journal.run_request
        submitted = {key for batch in self.journal.batches for key in batch.keys}
        for key in _keys(
            self.parts.batch_requests.sources.allowed[run_request.bucket], run_request.prefix
        ):
            if key.endswith("/") or key in submitted:
                continue
            if is_key(key):
                yield key
            else:
                reason = "INVALID_KEY: has a control character"
                self.refused.append(Remark(key=key, reason=reason))

    def _outcomes(self) -> Iterator[PhotoOutcome]:
        for batch in self.journal.batches:
            status = self.parts.batches.status(batch.batch_id, limit=MAX_KEYS)
            yield from status.outcomes

    def _reason(self, outcome: PhotoOutcome) -> str | None:
        """Say why a photo or some of its faces are not indexed; None if all are."""
        if outcome.error is not None:
            return f"{outcome.error.code}: {outcome.error.message}"
        if outcome.faces is None:
            return "RESULT_MISSING: its result was erased"
        if outcome.unindexed:
            return self._left_out(outcome.job_id)
        return None if outcome.faces else "NO_FACE: no face was found"

    def _left_out(self, job_id: str) -> str:
        result = self.parts.results.read(job_id)
        return left_out(result.unindexed_faces if isinstance(result, IndexDone) else [])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, once; pressed again it interrupts at once."""
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    former = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
    if pressed:
        raise KeyboardInterrupt


def _keys(store: ObjectStore, prefix: str) -> Iterable[str]:
    after = ""
    while keys := store.keys(prefix, after=after):
        yield from keys
        after = keys[-1]
