"""Joins what turns requests into jobs."""

from typing import Final

from core.bootstrap.shared import Shared
from core.submission.batch_progress import Batches
from core.submission.batch_requests import BatchRequests
from core.submission.direct_uploads import DirectUploads
from core.submission.index_requests import IndexRequests
from core.submission.photo_intake import Intake
from core.submission.repeats import Repeats

_ANSWERS_DEPEND_ON: Final = {
    "detection_max_side_px",
    "face_embedder",
    "face_engine",
    "match_false_name_rate",
    "match_max_distance",
    "max_embedded_faces",
    "min_face_px",
    "min_match_quality",
}


def build_intake(shared: Shared, queue: str) -> Intake:
    """Return what hands photos over by a queue."""
    settings = shared.settings
    return Intake(
        queue=shared.infrastructure.queue(queue),
        inputs=shared.inputs,
        max_file_bytes=settings.max_file_bytes,
        max_pixels=settings.max_pixels,
        realm=shared.realm,
        jobs=shared.jobs,
    )


def build_index_requests(shared: Shared) -> IndexRequests:
    settings = shared.settings
    return IndexRequests(
        intake=build_intake(shared, settings.sqs_index_queue_name),
        collections=shared.collections,
        bucket=settings.s3_in_bucket,
    )


def build_direct_uploads(shared: Shared) -> DirectUploads:
    return DirectUploads(
        inputs=shared.inputs,
        bucket=shared.settings.s3_in_bucket,
        collections=shared.collections,
        max_file_bytes=shared.settings.max_file_bytes,
        realm=shared.realm,
    )


def build_batch_requests(shared: Shared) -> BatchRequests:
    return BatchRequests(
        queue=shared.infrastructure.queue(shared.settings.sqs_index_queue_name),
        outputs=shared.outputs,
        sources=shared.sources(),
        jobs=shared.jobs,
        collections=shared.collections,
        direct=build_direct_uploads(shared),
        audit=shared.audit,
        realm=shared.realm,
        events=shared.outbox,
    )


def build_batches(shared: Shared) -> Batches:
    return Batches(outputs=shared.outputs, realm=shared.realm)


def build_repeats(shared: Shared) -> Repeats | None:
    """Return what finds earlier answers; None if they are not kept.

    Only LanceDB's galleries tell of each change.
    """
    settings = shared.settings
    if not settings.result_cache_seconds or settings.face_index != "lancedb":
        return None
    return Repeats(
        shared.collections,
        tenant=shared.realm.tenant,
        depends_on=settings.model_dump_json(include=_ANSWERS_DEPEND_ON),
        jobs=shared.process.job_notes,
        settle_s=shared.process.settle_s,
        clock=shared.infrastructure.clock,
    )
