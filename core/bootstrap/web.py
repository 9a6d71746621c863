"""Joins the web tier."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

from cachetools import LRUCache, cached

from core.access.audit_trail import AuditTrail
from core.access.key_ring import KeyRing
from core.access.limits.quotas import Quotas
from core.access.limits.request_limits import RequestLimits
from core.bootstrap import at_start, first_contact
from core.bootstrap.first_contact import Check
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.limits import build_limits
from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.erasing import build_erasure
from core.bootstrap.use_cases.requests import (
    build_batch_requests,
    build_batches,
    build_direct_uploads,
    build_index_requests,
    build_intake,
    build_repeats,
)
from core.bootstrap.use_cases.searching import build_likeness, build_matching
from core.bootstrap.use_cases.unknown_faces import UnknownFaces
from core.collections.consents import Consents
from core.collections.erasing.erasure import Erasure
from core.collections.erasing.receipts import Receipts
from core.collections.likeness import LikenessOfFaces
from core.collections.matching import Matching, Recognise
from core.collections.people import People
from core.collections.persons import Persons
from core.collections.registry import Collections
from core.collections.shown.person_changes import PersonChanges
from core.collections.unknown.listing import GroupListing
from core.collections.unknown.naming import GroupNaming
from core.executors.neighbours import Neighbours
from core.executors.pool import WarmPool
from core.executors.queueing import bounded
from core.ground.realms import WHOLE, Realm
from core.jobs.photo_sources import PhotoSources
from core.jobs.results import Results
from core.jobs.webhooks.addresses import Guard
from core.jobs.webhooks.failures import Failures
from core.scaling.backlog import Backlog
from core.scaling.policy import Depth
from core.scaling.work_notes import last_work
from core.settings import Settings
from core.submission.batch_progress import Batches
from core.submission.batch_requests import BatchRequests
from core.submission.direct_uploads import DirectUploads
from core.submission.idempotency import IdempotencyKeys
from core.submission.index_requests import IndexRequests
from core.submission.result_polling import ON_THIS_MACHINE, WHERE_POLLS_COST, PollSchedule
from core.submission.uploads import Uploads
from core.submission.webhook_requests import WebhookRequests

_MOST_REALMS: Final = 1000
"""Whose parts are kept; of others they are made again."""
_THREADS_A_WAITING: Final = 8
"""One in this many threads may wait for a child; others serve results and health checks."""


@dataclass(frozen=True, kw_only=True)
class RealmParts:
    """What answers the requests of one realm.

    ``index_states`` tells how each of its collections in memory is searched.
    """

    uploads: Uploads
    index_requests: IndexRequests
    batch_requests: BatchRequests
    batches: Batches
    direct_uploads: DirectUploads
    matching: Matching
    likeness: LikenessOfFaces
    sources: PhotoSources
    collections: Collections
    people: People
    persons: Persons
    person_changes: PersonChanges
    consents: Consents
    group_listing: GroupListing
    group_naming: GroupNaming
    erasure: Erasure
    quotas: Quotas
    receipts: Receipts
    audit: AuditTrail
    webhooks: WebhookRequests
    index_states: Callable[[], dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class WebParts:
    """What the web tier is made of; ``checks`` have the names that ``/ready`` shows.

    ``of`` returns the parts of a realm, the same ones for a while. ``keys`` are those that callers
    may have, None where everybody may do all. ``start`` warms what may take a moment, in the
    background.
    """

    of: Callable[[Realm], RealmParts]
    keys: KeyRing | None
    limits: RequestLimits
    checks: dict[str, Check]
    backlog: Backlog
    check_photo: Callable[[bytes], None]
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
    build = partial(
        _realm_parts,
        schedule=PollSchedule(
            infrastructure.clock, ON_THIS_MACHINE if settings.home_folder else WHERE_POLLS_COST
        ),
        recognise=bounded(recognise, most=callers),
    )
    whole = build(shared)
    others = cached(LRUCache(_MOST_REALMS), lock=Lock())(lambda realm: build(shared.of(realm)))
    return WebParts(
        of=lambda realm: whole if realm == WHOLE else others(realm),
        keys=shared.process.key_ring() if settings.auth == "keys" else None,
        limits=build_limits(
            settings.rate_limits,
            infrastructure.shared_buckets(),
            run_in_background=infrastructure.run_in_background,
            clock=infrastructure.clock,
        ),
        checks=checks,
        backlog=_backlog(shared),
        check_photo=whole.index_requests.intake.check,
        start=partial(_start_web, shared, pool, lending, checks),
    )


def _realm_parts(shared: Shared, *, schedule: PollSchedule, recognise: Recognise) -> RealmParts:
    infrastructure, settings = shared.infrastructure, shared.settings
    guard = Guard(settings.webhook_allow_private, resolve=infrastructure.resolve)
    unknown_faces = UnknownFaces(shared)
    return RealmParts(
        uploads=Uploads(
            intake=build_intake(shared, settings.sqs_req_queue_name),
            keys=IdempotencyKeys(inputs=shared.inputs, realm=shared.realm),
            results=Results(shared.outputs, shared.realm),
            collections=shared.collections,
            schedule=schedule,
            repeats=build_repeats(shared),
            check_callback=partial(shared.outbox.check_callback, guard=guard),
            realm=shared.realm,
            clock=infrastructure.clock,
            sleep=infrastructure.sleep,
        ),
        index_requests=build_index_requests(shared),
        batch_requests=build_batch_requests(shared),
        batches=build_batches(shared),
        direct_uploads=build_direct_uploads(shared),
        matching=build_matching(shared, recognise, unknowns=unknown_faces.keeper),
        likeness=build_likeness(shared),
        sources=shared.sources(),
        collections=shared.collections,
        people=shared.people,
        persons=shared.persons,
        person_changes=shared.person_changes,
        consents=shared.consents,
        group_listing=unknown_faces.listing,
        group_naming=unknown_faces.naming,
        erasure=build_erasure(shared),
        quotas=shared.quotas,
        receipts=Receipts(audit=shared.audit, realm=shared.realm),
        audit=shared.audit,
        webhooks=WebhookRequests(
            outbox=shared.outbox,
            failures=Failures(outputs=shared.outputs),
            guard=guard,
            realm=shared.realm,
            now=infrastructure.wall_clock,
        ),
        index_states=shared.index_states,
    )


def _backlog(shared: Shared) -> Backlog:
    settings, infrastructure = shared.settings, shared.infrastructure

    def depths(queue: str, dead_letters: str) -> tuple[Callable[[], Depth], Callable[[], Depth]]:
        return infrastructure.depth([queue], []), infrastructure.depth([dead_letters], [])

    return Backlog(
        depths={
            "request": depths(settings.sqs_req_queue_name, settings.dead_letter_queue_name),
            "index": depths(settings.sqs_index_queue_name, settings.index_dead_letter_queue_name),
            "webhook": depths(
                settings.sqs_webhook_queue_name, settings.webhook_dead_letter_queue_name
            ),
        },
        last_work=partial(last_work, shared.gallery),
    )


def _start_web(
    shared: Shared, pool: WarmPool, lending: Neighbours | None, checks: dict[str, Check]
) -> None:
    pool.start()
    if lending is not None:
        lending.start()
    at_start.begin(shared)
    first_contact.begin(shared, checks)
