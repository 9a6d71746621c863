"""Answers about photos that were sent: jobs, batches and places to send to."""

from datetime import datetime
from typing import Literal

from core.ground.records import Frozen
from core.submission.batch_progress import BatchProgress, BatchSummary


class JobPending(Frozen):
    """A job that has no answer yet."""

    job_id: str
    status: Literal["pending"] = "pending"


class JobSubmitted(Frozen):
    """A photo was accepted; ask for the job's status."""

    job_id: str
    status: Literal["SUBMITTED"] = "SUBMITTED"


class BatchStatus(BatchProgress):
    """How far a batch is, and a page of its photos."""

    next_token: str | None


class BatchList(Frozen):
    """A page of batches, newest first; `next_token` is null on the last one."""

    batches: list[BatchSummary]
    next_token: str | None


class UploadOffered(Frozen):
    """Where one photo can be sent; then it is indexed by its bucket and key in a batch."""

    s3_bucket: str
    s3_key: str
    url: str
    fields: dict[str, str]
    expires_at: datetime


class BatchSubmitted(Frozen):
    """Photos were accepted; ask for the batch's status."""

    batch_id: str
    status: Literal["SUBMITTED"] = "SUBMITTED"
