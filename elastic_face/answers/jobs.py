"""Jobs and batches, and what came of them."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from elastic_face.answers.photos import DetectedFace, ImageSize, Model, NamedFace


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job has no answer."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class JobPending:
    """A job that has no answer yet."""

    job_id: str
    status: Literal["pending"] = "pending"


@dataclass(frozen=True, kw_only=True)
class JobSubmitted:
    """A photo was accepted; ask for the job's status."""

    job_id: str
    status: Literal["SUBMITTED"] = "SUBMITTED"


@dataclass(frozen=True, kw_only=True)
class JobDone:
    """A recognised photo; `result` is the one string that scripts read."""

    job_id: str
    status: Literal["done"] = "done"
    result: str
    collection_id: str = "default"
    faces: list[NamedFace]
    left_out_faces: int = 0
    image: ImageSize
    model: Model
    timings_ms: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class JobFailed:
    """A job that ended without an answer."""

    job_id: str
    status: Literal["failed"] = "failed"
    error: Failure
    collection_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class FaceRecord:
    """A face that was added."""

    face_id: str
    person: str | None
    face: DetectedFace


@dataclass(frozen=True, kw_only=True)
class UnindexedFace:
    """A face that was found and not added, and why."""

    reason: str
    face: DetectedFace


@dataclass(frozen=True, kw_only=True)
class IndexDone:
    """An indexed photo; both lists are empty when no face was found."""

    job_id: str
    status: Literal["done"] = "done"
    kind: Literal["index"] = "index"
    collection_id: str
    image_id: str
    person: str | None = None
    face_records: list[FaceRecord]
    unindexed_faces: list[UnindexedFace]
    left_out_faces: int = 0
    image: ImageSize
    model: Model


@dataclass(frozen=True, kw_only=True)
class BatchSubmitted:
    """Photos were accepted; ask for the batch's status."""

    batch_id: str
    status: Literal["SUBMITTED"] = "SUBMITTED"


@dataclass(frozen=True, kw_only=True)
class PhotoOutcome:
    """What became of one photo; `faces` and `unindexed` count them once it is done."""

    image_id: str
    job_id: str
    status: str
    faces: int | None = None
    unindexed: int | None = None
    error: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class BatchSummary:
    """How far a batch is.

    `photos_per_s` is the mean since it was accepted. It and `expected_end_at` are None before
    the first photo has ended, and after the last one.
    """

    batch_id: str
    collection_id: str
    accepted_at: dt.datetime | None
    total: int
    done: int
    failed: int
    pending: int
    photos_per_s: float | None
    expected_end_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class BatchStatus:
    """How far a batch is, and a page of its photos."""

    batch_id: str
    collection_id: str
    accepted_at: dt.datetime | None
    total: int
    done: int
    failed: int
    pending: int
    photos_per_s: float | None
    expected_end_at: dt.datetime | None
    outcomes: list[PhotoOutcome]
    next_token: str | None


@dataclass(frozen=True, kw_only=True)
class BatchList:
    """A page of batches, newest first; `next_token` is None on the last one."""

    batches: list[BatchSummary]
    next_token: str | None
