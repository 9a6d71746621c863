"""Joins the real parts: the one place that knows which they are."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from core.acknowledger import Acknowledger
from core.answers import IndexAnswerer, RecognitionAnswerer
from core.aws.clients import s3_client, sqs_client
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.batches import Batches, note_outcome
from core.collections import Collections
from core.dead_letters import DeadLetterSweeper
from core.enrolment import Enroller
from core.enrolment_groups import EnrolmentGroups
from core.erasure import Erasure
from core.errors import CollectionNotFound, ServiceUnavailable
from core.gallery.engines import build_index
from core.hosting import Host, build_host, touch
from core.idempotency import IdempotencyKeys
from core.index_jobs import IndexJob
from core.indexing import Indexing
from core.intake import Intake
from core.job_handler import JobHandler
from core.jobs import Job
from core.lanes import Lane
from core.matching import Matching
from core.naming import FaceNamer
from core.people import People
from core.ports import FaceIndex, JobQueue, Recognizer
from core.results import Results
from core.settings import Settings
from core.sources import PhotoSources
from core.submission import Submission
from core.timed_pool import TimedPool
from core.turns import Turns, Urgency
from core.visibility import VisibilityHeartbeat
from core.warm_pool import WarmPool
from core.worker import Worker

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

Check = Callable[[], None]
"""Raises ``ServiceUnavailable`` while something is missing."""

_BUSY_PATIENCE_S: Final = 0.25
"""Longest wait for a free child before a caller is told to come again."""

_THREADS_PER_CHILD: Final = 2
"""So that photos are fetched and results written while the child recognises."""
_AWAITING_A_WRITE: Final = 40
"""Further threads of the bulk lane: as many photos wait until their faces are stored."""

_SETTLE_S: Final = 1.0
"""Beyond the refresh time: what a process may take to load a change."""


@dataclass(frozen=True, kw_only=True)
class WebParts:
    """What the web tier is made of; ``checks`` have the names that ``/ready`` shows.

    ``index_states`` tells how each loaded collection is searched. ``start`` warms
    what may take a moment, in the background.
    """

    submission: Submission
    checks: dict[str, Check]
    indexing: Indexing
    batches: Batches
    sources: PhotoSources
    matching: Matching
    collections: Collections
    people: People
    erasure: Erasure
    index_states: Callable[[], dict[str, str]]
    start: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """The worker, the pool that must be started before it, and its ties to the machine."""

    worker: Worker
    pool: WarmPool
    host: Host
    start: Callable[[], None]

    def stop(self) -> None:
        """Ask the worker to end; safe to call from a signal handler."""
        self.host.stop()
        self.worker.stop()


@dataclass(frozen=True)
class Shared:
    """What both tiers and the command line are made of, built when it is first used."""

    settings: Settings

    @cached_property
    def _s3(self) -> Any:
        return s3_client(self.settings)

    def store(self, bucket: str) -> S3Store:
        return S3Store(self._s3, bucket)

    @cached_property
    def inputs(self) -> S3Store:
        return self.store(self.settings.s3_in_bucket)

    @cached_property
    def outputs(self) -> S3Store:
        return self.store(self.settings.s3_out_bucket)

    @cached_property
    def gallery(self) -> S3Store:
        return self.store(self.settings.s3_gallery_bucket)

    @cached_property
    def index(self) -> FaceIndex:
        return build_index(self.settings)

    @cached_property
    def collections(self) -> Collections:
        return Collections(
            self.gallery, self.index, refresh_s=self.settings.gallery_refresh_seconds
        )

    @cached_property
    def people(self) -> People:
        return People(collections=self.collections, index=self.index)

    @cached_property
    def enroller(self) -> Enroller:
        return Enroller(self.collections, self.index)

    @cached_property
    def erasure(self) -> Erasure:
        return Erasure(
            collections=self.collections,
            people=self.people,
            index=self.index,
            inputs=self.inputs,
            outputs=self.outputs,
            gallery=self.gallery,
            settle_s=self.settings.gallery_refresh_seconds + _SETTLE_S,
        )

    def sources(self, *further: str) -> PhotoSources:
        """Return the buckets from which photos may be fetched."""
        names = (*self.settings.allowed_buckets, *further)
        return PhotoSources(
            allowed={name: self.store(name) for name in names},
            max_file_bytes=self.settings.max_file_bytes,
        )

    def matching(self, recognise: Callable[[bytes], Any]) -> Matching:
        return Matching(
            recognise=recognise,
            collections=self.collections,
            index=self.index,
            max_distance=self.settings.match_max_distance,
        )

    def index_states(self) -> dict[str, str]:
        """Return how each collection that is in memory is searched."""
        states: dict[str, str] = getattr(self.index, "states", dict)()
        names = self.collections.names()
        return {names[gallery]: state for gallery, state in states.items() if gallery in names}

    def warm(self) -> None:
        """Load the galleries of all collections, in the background where that is possible."""
        warm = getattr(self.index, "warm", None)
        if warm is None:
            return
        after = ""
        while page := self.collections.page(limit=100, after=after):
            used = [one for one in page if one.model is not None and one.state == "active"]
            warm([self.collections.get(one.collection_id).gallery_id for one in used])
            after = page[-1].collection_id


def build_pool(settings: Settings, *, processes: int) -> TimedPool:
    return TimedPool(
        partial(load_recognizer, settings),
        processes=processes,
        timeout_s=settings.job_timeout_seconds,
    )


def load_recognizer(settings: Settings) -> Recognizer:
    """Return the engine; loaded in a child, so that the parent does without the models."""
    from core.faces.engines import load_engine

    return load_engine(**_engine_options(settings))


def _engine_options(settings: Settings) -> dict[str, Any]:
    return {
        "name": settings.face_engine,
        "models_dir": settings.face_models_dir,
        "insightface_models_dir": settings.insightface_models_dir,
        "max_pixels": settings.max_pixels,
        "detection_max_side_px": settings.detection_max_side_px,
        "min_face_px": settings.min_face_px,
        "cuda": settings.face_cuda,
    }


def build_executor(settings: Settings) -> WarmPool:
    """Return what the worker's photos are recognised in, as ``EXECUTOR`` says.

    Raises
    ------
    InvalidSettings
        If the extra of the executor is not installed.
    """
    if settings.executor == "processes":
        return build_pool(settings, processes=settings.worker_process_count)
    from core.faces.packed_models import packed_engine
    from core.ray_pool import RayPool

    # Not the settings themselves: the keys in them are none of the cluster's business.
    return RayPool(
        partial(packed_engine, **_engine_options(settings)),
        actors=settings.worker_process_count,
        timeout_s=settings.job_timeout_seconds,
        address=settings.ray_address,
    )


def build_web(settings: Settings) -> WebParts:
    shared, sqs = Shared(settings), sqs_client(settings)
    pool = build_pool(settings, processes=settings.web_recognizer_processes)
    request_queue = SqsQueue(sqs, settings.sqs_req_queue_name)
    index_queue = SqsQueue(sqs, settings.sqs_index_queue_name)
    checks: dict[str, Check] = {
        f"S3 bucket {name}": shared.store(name).check for name in settings.buckets
    }
    checks |= {f"SQS queue {name}": SqsQueue(sqs, name).check for name in settings.queues}
    return WebParts(
        submission=Submission(
            intake=_intake(shared, request_queue),
            keys=IdempotencyKeys(inputs=shared.inputs),
            results=Results(shared.outputs),
            collections=shared.collections,
        ),
        checks=checks,
        indexing=Indexing(
            intake=_intake(shared, index_queue),
            collections=shared.collections,
            bucket=settings.s3_in_bucket,
        ),
        batches=Batches(
            queue=index_queue,
            outputs=shared.outputs,
            sources=shared.sources(),
            collections=shared.collections,
        ),
        sources=shared.sources(),
        matching=shared.matching(partial(pool.recognise, patience_s=_BUSY_PATIENCE_S)),
        collections=shared.collections,
        people=shared.people,
        erasure=shared.erasure,
        index_states=shared.index_states,
        start=partial(_start_web, shared, pool),
    )


def _start_web(shared: Shared, pool: TimedPool) -> None:
    pool.start()
    _warm_if_possible(shared)


def _warm_if_possible(shared: Shared) -> None:
    """Load galleries ahead of the first search; without S3 that search does it."""
    try:
        shared.warm()
    except (ServiceUnavailable, CollectionNotFound):
        return


def _intake(shared: Shared, queue: JobQueue) -> Intake:
    return Intake(
        queue=queue,
        inputs=shared.inputs,
        max_file_bytes=shared.settings.max_file_bytes,
        max_pixels=shared.settings.max_pixels,
    )


def build_worker(settings: Settings) -> WorkerParts:
    shared = Shared(settings)
    sqs = sqs_client(settings, long_poll_s=settings.sqs_wait_time_seconds)
    children = settings.worker_process_count
    pool = build_executor(settings)
    turns = Turns(pool, children=children)
    namer = FaceNamer(shared.collections, shared.index, max_distance=settings.match_max_distance)
    worker = Worker(
        lanes=(
            _lane(
                shared,
                sqs,
                name="interactive",
                threads=_THREADS_PER_CHILD * children,
                queue=settings.sqs_req_queue_name,
                dead_letters=settings.dead_letter_queue_name,
                parse=Job.from_body,
                answer=RecognitionAnswerer(
                    inputs=shared.inputs,
                    recognizer=turns.of(Urgency.INTERACTIVE),
                    namer=namer,
                    max_file_bytes=settings.max_file_bytes,
                ),
            ),
            _lane(
                shared,
                sqs,
                name="bulk",
                threads=_THREADS_PER_CHILD * children + _AWAITING_A_WRITE,
                queue=settings.sqs_index_queue_name,
                dead_letters=settings.index_dead_letter_queue_name,
                parse=IndexJob.from_body,
                answer=IndexAnswerer(
                    sources=shared.sources(settings.s3_in_bucket),
                    recognizer=turns.of(Urgency.BULK),
                    enroller=EnrolmentGroups(shared.enroller),
                ),
                on_settled=partial(note_outcome, shared.outputs),
            ),
        ),
        children=children,
        wait_s=settings.sqs_wait_time_seconds,
        grace_s=settings.shutdown_grace_seconds,
        check_stores=partial(
            _check_all, (shared.inputs.check, shared.outputs.check, shared.gallery.check)
        ),
        stop_recognizer=pool.stop,
        on_alive=partial(touch, settings.worker_alive_file),
    )
    return WorkerParts(
        worker=worker,
        pool=pool,
        host=build_host(settings, worker),
        start=partial(_warm_if_possible, shared),
    )


def _lane(
    shared: Shared,
    sqs: "SQSClient",
    *,
    name: str,
    threads: int,
    queue: str,
    dead_letters: str,
    parse: Callable[[str], Any],
    answer: Callable[[Any], Any],
    on_settled: Callable[[Any, Any], None] | None = None,
) -> Lane:
    settings = shared.settings
    jobs, results = SqsQueue(sqs, queue), Results(shared.outputs)
    heartbeat = VisibilityHeartbeat(
        jobs,
        visibility_s=settings.sqs_visibility_timeout_seconds,
        interval_s=settings.visibility_heartbeat_seconds,
    )
    acknowledger = Acknowledger(jobs)
    responses = SqsQueue(sqs, settings.sqs_resp_queue_name) if settings.sqs_resp_enabled else None
    return Lane(
        name=name,
        threads=threads,
        queue=jobs,
        handler=JobHandler(
            queue=jobs,
            acknowledger=acknowledger,
            results=results,
            heartbeat=heartbeat,
            parse=parse,
            answer=answer,
            responses=responses,
            max_receive_count=settings.sqs_max_receive_count,
            backoff_s=settings.retry_backoff_seconds,
            on_settled=on_settled,
        ),
        heartbeat=heartbeat,
        acknowledger=acknowledger,
        sweeper=DeadLetterSweeper(
            SqsQueue(sqs, dead_letters),
            results,
            parse=parse,
            interval_s=settings.dead_letter_sweep_seconds,
            clock=time.monotonic,
            on_settled=on_settled,
        ),
    )


def _check_all(checks: tuple[Check, ...]) -> None:
    for check in checks:
        check()
