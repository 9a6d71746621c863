"""Joins the web tier."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Check, Shared
from core.collections.erasure import Erasure
from core.collections.matching import Matching
from core.collections.people import People
from core.collections.registry import Collections
from core.executors.neighbours import Neighbours
from core.executors.pool import WarmPool
from core.executors.queueing import bounded
from core.jobs.photo_sources import PhotoSources
from core.jobs.results import Results
from core.settings import Settings
from core.submission.batch_requests import BatchRequests
from core.submission.idempotency import IdempotencyKeys
from core.submission.index_requests import IndexRequests
from core.submission.photo_intake import Intake
from core.submission.uploads import Uploads

_THREADS_A_WAITING: Final = 8
"""One in this many threads may wait for a child; others serve results and health checks."""


@dataclass(frozen=True, kw_only=True)
class WebParts:
    """What the web tier is made of; ``checks`` have the names that ``/ready`` shows.

    ``index_states`` tells how each loaded collection is searched. ``start`` warms
    what may take a moment, in the background.
    """

    uploads: Uploads
    checks: dict[str, Check]
    index_requests: IndexRequests
    batch_requests: BatchRequests
    sources: PhotoSources
    matching: Matching
    collections: Collections
    people: People
    erasure: Erasure
    index_states: Callable[[], dict[str, str]]
    start: Callable[[], None]


def build_web(
    settings: Settings, infrastructure: Infrastructure, *, neighbours: Path | None = None
) -> WebParts:
    """Join the parts of a web process.

    Parameters
    ----------
    neighbours : Path, optional
        Private folder of the service's web processes, in which they lend each other children.
    """
    shared = Shared(settings, infrastructure)
    pool = infrastructure.pool(settings.web_recognizer_processes)
    callers = settings.web_recognizer_processes + settings.web_threads // _THREADS_A_WAITING
    patience_s = settings.job_timeout_seconds
    lending = Neighbours(pool, neighbours, answer_s=2 * patience_s) if neighbours else None
    recognise = partial((lending or pool).recognise, patience_s=patience_s)
    checks: dict[str, Check] = {
        f"S3 bucket {name}": infrastructure.bucket(name).check for name in settings.buckets
    }
    checks |= {f"SQS queue {name}": infrastructure.queue(name).check for name in settings.queues}
    return WebParts(
        uploads=Uploads(
            intake=_intake(shared, settings.sqs_req_queue_name),
            keys=IdempotencyKeys(inputs=shared.inputs),
            results=Results(shared.outputs),
            collections=shared.collections,
            clock=infrastructure.clock,
            sleep=infrastructure.sleep,
        ),
        checks=checks,
        index_requests=IndexRequests(
            intake=_intake(shared, settings.sqs_index_queue_name),
            collections=shared.collections,
            bucket=settings.s3_in_bucket,
        ),
        batch_requests=shared.batch_requests,
        sources=shared.sources(),
        matching=shared.matching(bounded(recognise, most=callers)),
        collections=shared.collections,
        people=shared.people,
        erasure=shared.erasure,
        index_states=shared.index_states,
        start=partial(_start_web, shared, pool, lending),
    )


def _start_web(shared: Shared, pool: WarmPool, lending: Neighbours | None) -> None:
    pool.start()
    if lending is not None:
        lending.start()
    shared.tell_of_versions()
    shared.tell_of_sources()
    shared.warm()


def _intake(shared: Shared, queue: str) -> Intake:
    return Intake(
        queue=shared.infrastructure.queue(queue),
        inputs=shared.inputs,
        max_file_bytes=shared.settings.max_file_bytes,
        max_pixels=shared.settings.max_pixels,
    )
