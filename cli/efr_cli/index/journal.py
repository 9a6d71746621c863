"""What a bulk run has submitted, so that an interrupted run can continue.

A file of JSON lines: the request, then each batch with its keys. A line is
written once its batch is queued; a torn last line is ignored.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from core.ground.records import Frozen
from core.jobs.index_job import IndexOptions
from efr_cli.errors import Refused


class BulkRequest(Frozen):
    """What a bulk run indexes; a collection that was created again is another one."""

    bucket: str
    prefix: str
    request: IndexOptions
    collection_created_at: datetime


class SubmittedBatch(Frozen):
    """A batch that is queued."""

    batch_id: str
    keys: list[str]


@dataclass(kw_only=True)
class Journal:
    """The journal of one bulk run."""

    path: Path
    run_request: BulkRequest
    batches: list[SubmittedBatch] = field(default_factory=list)

    def append(self, batch: SubmittedBatch) -> None:
        """Note that a batch is queued; on return the note outlives the process."""
        self.batches.append(batch)
        if not self.path.exists():
            self.rewrite(self.batches)
            return
        with self.path.open("a") as file:
            file.write(batch.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())

    def rewrite(self, batches: Iterable[SubmittedBatch]) -> None:
        """Keep only these batches."""
        self.batches = list(batches)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [self.run_request.model_dump_json(), *(b.model_dump_json() for b in self.batches)]
        draft = self.path.with_suffix(".new")
        draft.write_text("\n".join(lines) + "\n")
        draft.replace(self.path)

    def remove(self) -> None:
        """Forget the run: it is complete."""
        self.path.unlink(missing_ok=True)


def open_journal(folder: Path, run_request: BulkRequest) -> Journal:
    """Return the journal of an interrupted run of the same kind, or an empty one.

    Raises
    ------
    Refused
        If that run had other options.
    """
    name = "\0".join((run_request.bucket, run_request.prefix, run_request.request.collection_id))
    digest = hashlib.sha256(name.encode()).hexdigest()
    path = folder / f"index-{digest[:16]}.jsonl"
    journal = Journal(path=path, run_request=run_request)
    if not path.is_file():
        return journal
    head, *lines = path.read_text().splitlines() or [""]
    former = _header(head)
    if former is None or former.collection_created_at != run_request.collection_created_at:
        journal.remove()
        return journal
    if former != run_request:
        raise Refused(
            "UNFINISHED",
            f"an interrupted run had --max-faces {former.request.max_faces}"
            + (f" --person {former.request.person!r}" if former.request.person else "")
            + (" --largest" if former.request.largest else "")
            + f": repeat that, or remove {path.absolute()} to start over",
        )
    journal.rewrite(_whole(lines))
    return journal


def _header(line: str) -> BulkRequest | None:
    try:
        return BulkRequest.model_validate_json(line)
    except ValidationError:
        return None


def _whole(lines: Iterable[str]) -> Iterable[SubmittedBatch]:
    for line in lines:
        try:
            yield SubmittedBatch.model_validate_json(line)
        except ValidationError:
            return
