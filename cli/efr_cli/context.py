"""The service as the commands use it.

Its parts are imported when they are joined: --help and mistakes need not wait for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
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
    from core.bootstrap.use_cases.unknown_faces import UnknownFaces
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
    from core.faces.calibration import Calibration
    from core.faces.results import Model
    from core.jobs.results import Results
    from core.ports import FaceIndex, Recognizer
    from core.settings import Settings
    from core.submission.batch_progress import Batches
    from core.submission.batch_requests import BatchRequests
    from core.submission.index_requests import IndexRequests

CLI: Final = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class CliContext:
    """The parts of the service that commands use, each made when it is first asked for.

    ``run_folder`` holds what interrupted commands need to continue. ``shared`` are the parts of
    all tenants.
    """

    shared: Shared
    realm: Realm
    run_folder: Path

    @property
    def keys(self) -> KeyStore:
        return self.shared.process.key_store

    @property
    def audit(self) -> AuditTrail:
        return self.shared.audit

    @property
    def collections(self) -> Collections:
        return self.shared.collections

    @property
    def people(self) -> People:
        return self.shared.people

    @property
    def persons(self) -> Persons:
        return self.shared.persons

    @property
    def person_changes(self) -> PersonChanges:
        return self.shared.person_changes

    @property
    def consents(self) -> Consents:
        return self.shared.consents

    @property
    def crops(self) -> Crops:
        return self.shared.crops

    @cached_property
    def unknown_faces(self) -> UnknownFaces:
        from core.bootstrap.use_cases.unknown_faces import UnknownFaces

        return UnknownFaces(self.shared)

    @cached_property
    def erasure(self) -> Erasure:
        from core.bootstrap.use_cases.erasing import build_erasure

        return build_erasure(self.shared)

    @property
    def index(self) -> FaceIndex:
        return self.shared.index

    @cached_property
    def batch_requests(self) -> BatchRequests:
        from core.bootstrap.use_cases.requests import build_batch_requests

        return build_batch_requests(self.shared)

    @property
    def batches(self) -> Batches:
        from core.bootstrap.use_cases.requests import build_batches

        return build_batches(self.shared)

    @cached_property
    def index_requests(self) -> IndexRequests:
        from core.bootstrap.use_cases.requests import build_index_requests

        return build_index_requests(self.shared)

    @cached_property
    def writer(self) -> FaceWriter:
        from core.bootstrap.use_cases.enrolling import build_writer

        return build_writer(self.shared)

    @cached_property
    def likeness(self) -> LikenessOfFaces:
        from core.bootstrap.use_cases.searching import build_likeness

        return build_likeness(self.shared)

    @property
    def receipts(self) -> Receipts:
        from core.collections.erasing.receipts import Receipts

        return Receipts(audit=self.audit, realm=self.realm)

    @property
    def results(self) -> Results:
        from core.jobs.results import Results

        return Results(self.shared.outputs, self.realm)

    @property
    def threads(self) -> int:
        return self.shared.settings.worker_process_count

    @property
    def min_enrol_quality(self) -> float:
        return self.shared.settings.min_enrol_quality

    def audit_of(self, tenant: str) -> AuditTrail:
        """Return the trail of another tenant."""
        return self.shared.of_tenant(tenant).audit

    def matching(self, recognise: Recognise) -> Matching:
        from core.bootstrap.use_cases.searching import build_matching

        return build_matching(self.shared, recognise)

    def calibration(self, model: Model) -> Calibration:
        """Return the calibration of a model, by the settings."""
        from core.faces.calibration import calibration_of

        settings = self.shared.settings
        return calibration_of(
            model, max_distance=settings.match_max_distance, own_distance=settings.max_distance
        )

    @contextmanager
    def recognizer(self, processes: int) -> Iterator[Recognizer]:
        """Start that many child processes, and end them after the block."""
        pool = self.shared.infrastructure.pool(processes)
        try:
            pool.start()
            yield pool
        finally:
            pool.stop()

    def sleep(self, seconds: float) -> None:
        self.shared.infrastructure.sleep(seconds)


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
            f"--server is not for {context.command_path}: the HTTP API has no such call, and "
            "the command needs the rights on the storage that the service has"
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
    from core.bootstrap.shared import Shared
    from core.errors import StorageUnavailable
    from efr_cli.late_index import with_late_index

    shared = Shared(settings, with_late_index(infrastructure), realm)
    with suppress(StorageUnavailable):  # the command will meet it, or looks again before it writes
        check_format(shared.gallery)
    return CliContext(
        shared=shared,
        realm=realm,
        run_folder=Path("var/run", realm.tenant),
    )
