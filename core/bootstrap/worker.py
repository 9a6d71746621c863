"""Joins the worker."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from cachetools import LRUCache, cached

from core.bootstrap import at_start
from core.bootstrap.host import Host, build_host, touch
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_enroller
from core.bootstrap.use_cases.erasing import build_fresh_results
from core.bootstrap.use_cases.searching import build_identifier
from core.bootstrap.use_cases.unknown_faces import UnknownFaces
from core.collections.enrolment.batching import EnrolmentGroups
from core.executors.pool import WarmPool
from core.jobs.batch_records import BatchLists
from core.jobs.results import Results
from core.jobs.webhooks.addresses import Guard
from core.jobs.webhooks.failures import Failures
from core.jobs.webhooks.sender import Sender
from core.scaling.work_notes import PER_COOL_DOWN, WorkNotes
from core.settings import Settings
from core.worker.daemon import Worker
from core.worker.dead_letter_sweeper import DeadLetterSweeper
from core.worker.delivery import Inbox
from core.worker.job_handler import JobHandler
from core.worker.job_kinds import IndexJobs, J, JobKind, RecognitionJobs
from core.worker.job_metrics import BULK, EVENTS, INTERACTIVE
from core.worker.lane import Lane
from core.worker.scheduler import ChildScheduler, Priority
from core.worker.tenant_handlers import TenantHandlers
from core.worker.unknown_faces import UnknownFacesWork
from core.worker.unreadable import UnreadableMessages
from core.worker.webhooks.event_handler import EventHandler
from core.worker.webhooks.turns import THREADS, Turns

_THREADS_PER_CHILD: Final = 2
"""So that photos are fetched and results written while the child recognises."""


_MOST_TENANTS: Final = 1000

Tenants = Callable[[str], Shared]
"""Returns the parts of a tenant, the same ones for a while."""

_AWAITING_A_WRITE: Final = 40
"""Further threads of the bulk lane: as many photos wait until their faces are stored."""


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """The worker, the pool that must be started before it, and its ties to the machine.

    The lane of uploads comes first, that of index jobs second, that of events third.
    """

    worker: Worker
    lanes: tuple[Lane, Lane, Lane]
    pool: WarmPool
    host: Host
    start: Callable[[], None]

    def stop(self) -> None:
        """Ask the worker to end; safe to call from a signal handler."""
        self.host.stop()
        self.worker.stop()


def build_worker(settings: Settings, infrastructure: Infrastructure) -> WorkerParts:
    shared = Shared(settings, infrastructure, writes="until closed")
    children = settings.worker_process_count
    pool = infrastructure.executor(children)
    scheduler = ChildScheduler(pool, children=children)
    notes = WorkNotes(
        shared.gallery,
        pause_s=settings.scale_in_cooldown_seconds / PER_COOL_DOWN,
        clock=infrastructure.clock,
    )
    tenants = cached(LRUCache(_MOST_TENANTS), lock=threading.Lock())(shared.of_tenant)
    unknown_faces_of = cached(LRUCache(_MOST_TENANTS), lock=threading.Lock())(
        lambda tenant: UnknownFaces(tenants(tenant))
    )
    unknown_faces = UnknownFacesWork(
        shared.gallery,
        unknown_faces_of,
        run_in_background=infrastructure.run_in_background,
        clock=infrastructure.clock,
    )
    lanes = (
        _lane(
            shared,
            tenants,
            name=INTERACTIVE,
            on_work=notes.work,
            threads=_THREADS_PER_CHILD * children,
            queue=settings.sqs_req_queue_name,
            dead_letters=settings.dead_letter_queue_name,
            kind=lambda own: RecognitionJobs(
                inputs=own.inputs,
                recognizer=scheduler.of(Priority.INTERACTIVE),
                identifier=build_identifier(own),
                max_file_bytes=settings.max_file_bytes,
                unknowns=unknown_faces.keeper(own.realm.tenant),
                keep_crops=settings.keep_face_crops,
                realm=own.realm,
                events=own.outbox,
            ),
        ),
        _lane(
            shared,
            tenants,
            name=BULK,
            on_work=notes.work,
            threads=_THREADS_PER_CHILD * children + _AWAITING_A_WRITE,
            queue=settings.sqs_index_queue_name,
            dead_letters=settings.index_dead_letter_queue_name,
            kind=lambda own: IndexJobs(
                sources=own.sources(settings.s3_in_bucket),
                recognizer=scheduler.of(Priority.BULK),
                enroller=EnrolmentGroups(build_enroller(own), clock=infrastructure.clock),
                outputs=own.outputs,
                audit=own.audit,
                keep_crops=settings.keep_face_crops,
                realm=own.realm,
                events=own.outbox,
                on_unnamed=partial(unknown_faces.note, own.realm.tenant),
            ),
        ),
        _event_lane(shared, tenants, on_work=notes.work),
    )
    worker = Worker(
        lanes=lanes,
        children=children,
        wait_s=settings.sqs_wait_time_seconds,
        grace_s=settings.shutdown_grace_seconds,
        stop_recognizer=pool.stop,
        on_alive=partial(_show_life, settings.worker_alive_file, notes),
        unknown_faces=unknown_faces,
    )
    return WorkerParts(
        worker=worker,
        lanes=lanes,
        pool=pool,
        host=build_host(settings, worker),
        start=partial(at_start.begin, shared),
    )


def _lane(
    shared: Shared,
    tenants: Tenants,
    *,
    name: str,
    threads: int,
    queue: str,
    dead_letters: str,
    kind: Callable[[Shared], JobKind[J]],
    on_work: Callable[[], None],
) -> Lane:
    settings, clock = shared.settings, shared.infrastructure.clock
    named = shared.infrastructure.queue
    responses = named(settings.sqs_resp_queue_name) if settings.sqs_resp_enabled else None
    unreadable, releasing = UnreadableMessages(), threading.Event()

    def handler(tenant: str) -> JobHandler[J]:
        own = tenants(tenant)
        return JobHandler(
            kind=kind(own),
            results=build_fresh_results(own),
            responses=responses,
            backoff_s=settings.retry_backoff_seconds,
            unreadable=unreadable,
            releasing=releasing,
        )

    return Lane(
        threads=threads,
        inbox=_inbox(shared, name, queue, dead_letters),
        handler=TenantHandlers(handler, releasing=releasing),
        sweeper=DeadLetterSweeper(
            named(dead_letters),
            shared.outputs,
            lane=name,
            interval_s=settings.dead_letter_sweep_seconds,
            clock=clock,
            events_of=lambda tenant: tenants(tenant).outbox,
        ),
        on_work=on_work,
    )


def _event_lane(shared: Shared, tenants: Tenants, *, on_work: Callable[[], None]) -> Lane:
    settings, infrastructure = shared.settings, shared.infrastructure
    turns = Turns(infrastructure.clock)
    guard = Guard(settings.webhook_allow_private, resolve=infrastructure.resolve)
    post = Sender(guard, now=infrastructure.wall_clock)

    def handler(tenant: str) -> EventHandler:
        own = tenants(tenant)
        return EventHandler(
            outbox=own.outbox,
            results=Results(own.outputs, own.realm),
            failures=Failures(outputs=own.outputs),
            lists=BatchLists(outputs=own.outputs, realm=own.realm),
            post=post,
            turns=turns,
            pauses_s=settings.webhook_retry_seconds,
            now=infrastructure.wall_clock,
        )

    return Lane(
        threads=THREADS,
        inbox=_inbox(
            shared,
            EVENTS,
            settings.sqs_webhook_queue_name,
            settings.webhook_dead_letter_queue_name,
        ),
        handler=TenantHandlers(handler, releasing=threading.Event()),
        sweeper=None,
        on_work=on_work,
    )


def _inbox(shared: Shared, name: str, queue: str, dead_letters: str) -> Inbox:
    settings, named = shared.settings, shared.infrastructure.queue
    return Inbox(
        name,
        named(queue),
        named(dead_letters),
        max_receive_count=settings.sqs_max_receive_count,
        visibility_s=settings.sqs_visibility_timeout_seconds,
        heartbeat_s=settings.visibility_heartbeat_seconds,
        clock=shared.infrastructure.clock,
    )


def _show_life(alive_file: str | None, notes: WorkNotes) -> None:
    """Tell health checks that the worker is alive, and the autoscaler that it had work."""
    touch(alive_file)
    notes.leave()
