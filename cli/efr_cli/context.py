"""The service as the commands use it.

Its parts are imported when they are joined: --help and mistakes need not wait for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from core.ground.realms import WHOLE, Realm
from efr_cli.errors import announced_settings, named_server

if TYPE_CHECKING:
    from core.access.audit_trail import AuditTrail
    from core.access.key_store import KeyStore
    from core.bootstrap.infrastructure import Infrastructure
    from core.bootstrap.shared import Shared
    from core.collections.consents import Consents
    from core.collections.crops import Crops
    from core.collections.enrolment.face_writer import FaceWriter
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
    from core.faces.calibration import Calibration
    from core.faces.results import Model
    from core.jobs.results import Results
    from core.ports import FaceIndex, Recognizer
    from core.settings import Settings
    from core.submission.batch_requests import BatchRequests
    from core.submission.index_requests import IndexRequests

CLI: Final = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class CliContext:
    """The parts of the service that commands use.

    ``recognizer`` starts that many child processes, and ends them after its block.
    ``audit_of`` returns the trail of another tenant. ``run_folder`` holds what interrupted
    commands need to continue. ``shared`` are the parts of all tenants.
    """

    shared: Shared
    keys: KeyStore
    audit_of: Callable[[str], AuditTrail]
    audit: AuditTrail
    receipts: Receipts
    collections: Collections
    people: People
    persons: Persons
    person_changes: PersonChanges
    consents: Consents
    crops: Crops
    group_listing: GroupListing
    group_naming: GroupNaming
    erasure: Erasure
    index: FaceIndex
    batch_requests: BatchRequests
    index_requests: IndexRequests
    results: Results
    writer: FaceWriter
    matching: Callable[[Recognise], Matching]
    likeness: LikenessOfFaces
    calibration: Callable[[Model], Calibration]
    recognizer: Callable[[int], AbstractContextManager[Recognizer]]
    threads: int
    min_enrol_quality: float
    run_folder: Path
    sleep: Callable[[float], None]


def open_context(context: click.Context) -> CliContext:
    """Return the service's parts; a test replaces them by the object of click's context.

    This changes the working directory, so paths must be absolute by now.
    """
    refuse_server(context)
    parts: CliContext = (context.obj or real_context)(Realm(named_tenant(context)))
    context.call_on_close(parts.index.close)
    return parts


def refuse_server(context: click.Context) -> None:
    """Raise an error if a server is named: the command is not for one."""
    if named_server(context):
        raise click.UsageError(
            f"--server is not for {context.command_path}, which needs the "
            "rights on the storage that the service has"
        )


def named_tenant(context: click.Context) -> str:
    """Return the tenant that a command is about, by ``efr --tenant``."""
    return context.find_root().params.get("tenant") or ""


def real_context(realm: Realm = WHOLE) -> CliContext:
    """Join the parts by the settings of the environment and the root's ``.env``.

    Raises
    ------
    InvalidSettings
        If a value can't be used.
    """
    settings = root_settings()
    from core.bootstrap.infrastructure import Infrastructure

    return join_context(settings, Infrastructure.of(settings), realm)


def root_settings() -> Settings:
    """Return the settings, and tell on stderr which S3 and SQS they mean.

    Raises
    ------
    InvalidSettings
        If a value can't be used.
    """
    go_to_root()
    return announced_settings()


def go_to_root() -> None:
    """Change to the root of the checkout, if this is one: it has .env and var/."""
    if CLI.name == "cli":
        os.chdir(CLI.parent)


def join_context(
    settings: Settings, infrastructure: Infrastructure, realm: Realm = WHOLE
) -> CliContext:
    """Return the parts of a command that is about a realm."""
    from core.access.data_format import check_format
    from core.bootstrap import at_start
    from core.bootstrap.shared import Shared
    from core.collections.erasing.receipts import Receipts
    from core.faces.calibration import calibration_of
    from core.jobs.results import Results
    from efr_cli.late_index import with_late_index

    shared = Shared(settings, with_late_index(infrastructure), realm)
    check_format(shared.gallery)
    at_start.tell_of_versions(shared)
    return CliContext(
        shared=shared,
        keys=shared.key_store,
        audit_of=lambda tenant: shared.of(Realm(tenant)).audit,
        audit=shared.audit,
        receipts=Receipts(audit=shared.audit, realm=realm),
        collections=shared.collections,
        people=shared.people,
        persons=shared.persons,
        person_changes=shared.person_changes,
        consents=shared.consents,
        crops=shared.crops,
        group_listing=shared.group_listing,
        group_naming=shared.group_naming,
        erasure=shared.erasure,
        index=shared.index,
        batch_requests=shared.batch_requests,
        index_requests=shared.index_requests,
        results=Results(shared.outputs, realm),
        writer=shared.face_writer,
        matching=shared.matching,
        likeness=shared.likeness,
        calibration=partial(
            calibration_of,
            max_distance=settings.match_max_distance,
            own_distance=settings.max_distance,
        ),
        recognizer=partial(_started_pool, infrastructure),
        threads=settings.worker_process_count,
        min_enrol_quality=settings.min_enrol_quality,
        run_folder=Path("var/run", realm.tenant),
        sleep=infrastructure.sleep,
    )


@contextmanager
def _started_pool(infrastructure: Infrastructure, processes: int) -> Iterator[Recognizer]:
    pool = infrastructure.pool(processes)
    try:
        pool.start()
        yield pool
    finally:
        pool.stop()
