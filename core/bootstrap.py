"""Joins the real parts: the one place that knows which they are."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.aws.clients import s3_client, sqs_client
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.dead_letters import DeadLetterSweeper
from core.gallery.stored_index import StoredFaceIndex
from core.job_handler import JobHandler
from core.naming import FaceNamer
from core.ports import FaceIndex, ObjectStore
from core.results import Results
from core.settings import Settings
from core.submission import Submission
from core.timed_pool import TimedPool
from core.visibility import VisibilityHeartbeat
from core.worker import Worker

Check = Callable[[], None]
"""Raises ``ServiceUnavailable`` while something is missing."""


@dataclass(frozen=True, kw_only=True)
class WebParts:
    """What the web tier is made of; ``checks`` have the names that ``/ready`` shows."""

    submission: Submission
    checks: dict[str, Check]


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """The worker and the pool that must be started before it."""

    worker: Worker
    pool: TimedPool


def build_web(settings: Settings) -> WebParts:
    s3, sqs = s3_client(settings), sqs_client(settings)
    inputs, outputs, _ = (S3Store(s3, bucket) for bucket in settings.buckets)
    queue = SqsQueue(sqs, settings.sqs_req_queue_name)
    checks = {f"S3 bucket {name}": S3Store(s3, name).check for name in settings.buckets}
    checks |= {f"SQS queue {name}": SqsQueue(sqs, name).check for name in settings.queues}
    return WebParts(
        submission=Submission(
            queue=queue,
            inputs=inputs,
            results=Results(outputs),
            max_file_bytes=settings.max_file_bytes,
            max_pixels=settings.max_pixels,
        ),
        checks=checks,
    )


def build_index(settings: Settings) -> FaceIndex:
    return _index(S3Store(s3_client(settings), settings.s3_gallery_bucket), settings)


def _index(gallery: ObjectStore, settings: Settings) -> FaceIndex:
    return StoredFaceIndex(gallery, refresh_s=settings.gallery_refresh_seconds)


def build_pool(settings: Settings) -> TimedPool:
    from core.faces.engines import load_engine  # the web tier does without model libraries

    load = partial(
        load_engine,
        name=settings.face_engine,
        models_dir=settings.face_models_dir,
        insightface_models_dir=settings.insightface_models_dir,
        max_pixels=settings.max_pixels,
        detection_max_side_px=settings.detection_max_side_px,
        min_face_px=settings.min_face_px,
        cuda=settings.face_cuda,
    )
    return TimedPool(
        load, processes=settings.worker_process_count, timeout_s=settings.job_timeout_seconds
    )


def build_worker(settings: Settings) -> WorkerParts:
    s3, sqs = s3_client(settings), sqs_client(settings, long_poll_s=settings.sqs_wait_time_seconds)
    inputs, outputs, gallery = (S3Store(s3, bucket) for bucket in settings.buckets)
    queue = SqsQueue(sqs, settings.sqs_req_queue_name)
    results = Results(outputs)
    pool = build_pool(settings)
    heartbeat = VisibilityHeartbeat(
        queue,
        visibility_s=settings.sqs_visibility_timeout_seconds,
        interval_s=settings.visibility_heartbeat_seconds,
    )
    responses = SqsQueue(sqs, settings.sqs_resp_queue_name) if settings.sqs_resp_enabled else None
    worker = Worker(
        queue=queue,
        handler=JobHandler(
            queue=queue,
            inputs=inputs,
            results=results,
            heartbeat=heartbeat,
            recognizer=pool,
            namer=FaceNamer(_index(gallery, settings), max_distance=settings.match_max_distance),
            responses=responses,
            max_receive_count=settings.sqs_max_receive_count,
            max_file_bytes=settings.max_file_bytes,
            backoff_s=settings.retry_backoff_seconds,
        ),
        heartbeat=heartbeat,
        sweeper=DeadLetterSweeper(
            SqsQueue(sqs, settings.dead_letter_queue_name),
            results,
            interval_s=settings.dead_letter_sweep_seconds,
            clock=time.monotonic,
        ),
        slots=settings.worker_process_count,
        wait_s=settings.sqs_wait_time_seconds,
        grace_s=settings.shutdown_grace_seconds,
        check_stores=partial(_check_all, (inputs.check, outputs.check, gallery.check)),
        stop_recognizer=pool.stop,
        on_alive=partial(_touch, settings.worker_alive_file),
    )
    return WorkerParts(worker=worker, pool=pool)


def _check_all(checks: tuple[Check, ...]) -> None:
    for check in checks:
        check()


def _touch(path: str | None) -> None:
    if path is not None:
        Path(path).touch()
