"""What both tiers and the command line are made of, for each realm its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import Final, Literal

from core.access.audit_trail import AuditTrail
from core.access.key_ring import KeyRing
from core.access.key_store import KeyStore
from core.access.limits.quotas import Quotas
from core.access.name_hashes import NameHashes
from core.access.write_gate import WriteGate, gated_bucket, gated_index
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.tenant_quotas import TenantQuotas, build_quotas
from core.bootstrap.tenant_store import TenantStore
from core.collections.consents import Consents
from core.collections.crops import Crops
from core.collections.enrolment.enroller import Enroller
from core.collections.enrolment.face_writer import FaceWriter
from core.collections.erasing.erasure import Erasure
from core.collections.erasing.fresh_results import FreshResults
from core.collections.erasing.holdings import Holdings
from core.collections.erasing.traces import Traces
from core.collections.grounds import IN_TIME_S, Grounds
from core.collections.identification import FaceIdentifier
from core.collections.kept_faces import KeptFaces
from core.collections.likeness import LikenessOfFaces
from core.collections.matching import Matching, Recognise
from core.collections.people import People
from core.collections.person_ids import PersonIds
from core.collections.persons import Persons
from core.collections.recent_collections import Uses
from core.collections.registry import Collections
from core.collections.shown.person_changes import PersonChanges
from core.collections.unknown.group_store import GroupStore
from core.collections.unknown.groups import Groups
from core.collections.unknown.keeping import UnknownKeeper
from core.collections.unknown.listing import GroupListing
from core.collections.unknown.naming import GroupNaming
from core.collections.unknown.retention import UnknownRetention
from core.gallery.changes import StoredChanges, Watch
from core.ground.realms import WHOLE, Realm
from core.ground.storage_keys import tenant_prefix
from core.jobs.photo_sources import PhotoSources
from core.jobs.results import Results
from core.jobs.webhooks.endpoint_store import Endpoints
from core.jobs.webhooks.outbox import Outbox
from core.ports import Bucket, FaceIndex, ObjectStore
from core.settings import Settings
from core.submission.batch_requests import BatchRequests
from core.submission.direct_uploads import DirectUploads
from core.submission.index_requests import IndexRequests
from core.submission.job_notes import JobNotes, OwnJobNotes
from core.submission.jobs_under_way import JobQuota
from core.submission.photo_intake import Intake
from core.submission.repeats import Repeats

Check = Callable[[], None]
"""Raises ``ServiceUnavailable`` while something is missing."""


_SETTLE_S: Final = IN_TIME_S + 0.7
"""Beyond the refresh time: half a second by which searches may know less, and a little more."""
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
_LEAST_SETTLE_S: Final = 2.5
"""The margin of the records and a second, and something more."""


@dataclass(frozen=True)
class Shared:
    """What both tiers and the command line are made of, built when it is first used.

    ``realm`` is whose data they see. Those of other realms (`of`) share the index with it, and
    what is known of changes.
    """

    settings: Settings
    infrastructure: Infrastructure
    realm: Realm = WHOLE
    writes: Literal["until closing", "until closed", "always"] = "until closing"
    """Until when people are changed, if all is moved to another deployment."""

    def of(self, realm: Realm) -> "Shared":
        """Return the parts of another realm."""
        other = replace(self, realm=realm)
        vars(other).update(
            gate=self.gate,
            watch=self.watch,
            index=self.index,
            uses=self.uses,
            grounds=self.grounds,
            job_notes=self.job_notes,
            _of_tenants=self._of_tenants,
        )
        return other

    def of_tenant(self, tenant: str) -> "Shared":
        """Return the parts of a whole tenant: these, or others."""
        is_own = self.realm.is_whole and tenant == self.realm.tenant
        return self if is_own else self.of(Realm(tenant))

    @property
    def inputs(self) -> Bucket:
        return self.infrastructure.bucket(self.settings.s3_in_bucket)

    @property
    def outputs(self) -> Bucket:
        return self.infrastructure.bucket(self.settings.s3_out_bucket)

    @property
    def gallery(self) -> Bucket:
        return self._ungated if self.writes == "always" else gated_bucket(self._ungated, self.gate)

    @property
    def _ungated(self) -> Bucket:
        return self.infrastructure.bucket(self.settings.s3_gallery_bucket)

    @cached_property
    def gate(self) -> WriteGate:
        return WriteGate(
            self._ungated,
            finishes=self.writes == "until closed",
            clock=self.infrastructure.clock,
        )

    @property
    def own(self) -> ObjectStore:
        """The tenant's own objects in the gallery bucket."""
        tenant = self.realm.tenant
        return TenantStore(self.gallery, tenant_prefix(tenant)) if tenant else self.gallery

    @cached_property
    def _of_tenants(self) -> dict[str, TenantQuotas]:
        return {}

    @property
    def quotas(self) -> Quotas:
        """The tenant's, the same ones for all its realms."""
        return self._tenants_quotas.stored

    @property
    def jobs(self) -> JobQuota:
        """Where the tenant's jobs are counted, the same for all its realms."""
        return self._tenants_quotas.jobs

    @property
    def _tenants_quotas(self) -> TenantQuotas:
        tenant = self.realm.tenant
        if tenant not in self._of_tenants:
            unseen_too = self.of_tenant(tenant)
            made = build_quotas(
                self.settings,
                people=unseen_too.people,
                collections=unseen_too.collections,
                outputs=self.outputs,
                clock=self.infrastructure.clock,
            )
            self._of_tenants.setdefault(tenant, made)
        return self._of_tenants[tenant]

    @cached_property
    def names(self) -> NameHashes:
        return NameHashes(self.own)

    @cached_property
    def audit(self) -> AuditTrail:
        return AuditTrail(store=self.own, names=self.names, tenant=self.realm.tenant)

    @property
    def _settle_s(self) -> float:
        return max(_LEAST_SETTLE_S, self.settings.gallery_refresh_seconds + _SETTLE_S)

    @cached_property
    def watch(self) -> Watch:
        return Watch(StoredChanges(self.gallery), clock=self.infrastructure.clock)

    @cached_property
    def index(self) -> FaceIndex:
        made = self.infrastructure.index(self.watch, self._ungated)
        return made if self.writes == "always" else gated_index(made, self.gate)

    @cached_property
    def collections(self) -> Collections:
        return Collections(
            self.own,
            self.index,
            refresh_s=self.settings.gallery_refresh_seconds,
            clock=self.infrastructure.clock,
            watch=self.watch,
            realm=self.realm,
            on_use=partial(self.uses.note, self.realm.tenant),
            check_writable=self.gate.check,
        )

    @cached_property
    def uses(self) -> Uses:
        return Uses()

    @cached_property
    def people(self) -> People:
        return People(
            collections=self.collections,
            index=self.index,
            consents=self.consents,
            ids=self.person_ids,
            kept=self.kept,
            crops=self.crops,
            settle_s=self._settle_s,
            sleep=self.infrastructure.sleep,
        )

    @cached_property
    def persons(self) -> Persons:
        return Persons(
            collections=self.collections,
            index=self.index,
            consents=self.consents,
            ids=self.person_ids,
        )

    @cached_property
    def person_changes(self) -> PersonChanges:
        return PersonChanges(people=self.people, persons=self.persons, audit=self.audit)

    @cached_property
    def person_ids(self) -> PersonIds:
        return PersonIds(
            store=self.own, names=self.names, collections=self.collections, index=self.index
        )

    @cached_property
    def consents(self) -> Consents:
        return Consents(
            store=self.own, names=self.names, collections=self.collections, index=self.index
        )

    @cached_property
    def enroller(self) -> Enroller:
        return Enroller(
            self.collections,
            self.index,
            self.face_writer,
            min_quality=self.settings.min_enrol_quality,
            grounds=self.grounds,
            quotas=self.quotas,
        )

    @cached_property
    def face_writer(self) -> FaceWriter:
        return FaceWriter(
            self.collections,
            self.index,
            grounds=self.grounds,
            quotas=self.quotas,
            crops=self.crops,
            wall_clock=self.infrastructure.wall_clock,
        )

    @cached_property
    def crops(self) -> Crops:
        return Crops(
            store=self.own,
            names=self.names,
            index=self.index,
            are_kept=self.settings.keep_face_crops,
            clock=self.infrastructure.clock,
        )

    @cached_property
    def kept(self) -> KeptFaces:
        return KeptFaces(index=self.index)

    @cached_property
    def group_store(self) -> GroupStore:
        return GroupStore(store=self.own)

    @cached_property
    def groups(self) -> Groups:
        return Groups(
            store=self.group_store,
            collections=self.collections,
            index=self.index,
            kept=self.kept,
            max_distance=self.settings.max_distance,
            outbox=self.outbox,
        )

    @cached_property
    def group_listing(self) -> GroupListing:
        return GroupListing(
            groups=self.groups, index=self.index, max_distance=self.settings.match_max_distance
        )

    @cached_property
    def group_naming(self) -> GroupNaming:
        return GroupNaming(
            store=self.group_store,
            collections=self.collections,
            index=self.index,
            kept=self.kept,
            people=self.people,
            writer=self.face_writer,
        )

    @cached_property
    def unknown_keeper(self) -> UnknownKeeper:
        return UnknownKeeper(
            self.collections,
            self.index,
            self.kept,
            self.crops,
            Results(self.outputs, self.realm),
            by_default=self.settings.keep_unknown,
            min_quality=self.settings.min_enrol_quality,
            run_in_background=self.infrastructure.run_in_background,
            sleep=self.infrastructure.sleep,
            wall_clock=self.infrastructure.wall_clock,
        )

    @cached_property
    def unknown_retention(self) -> UnknownRetention:
        return UnknownRetention(
            kept=self.kept,
            crops=self.crops,
            groups=self.group_store,
            kept_for=timedelta(days=self.settings.keep_unknown_days),
        )

    @cached_property
    def identifier(self) -> FaceIdentifier:
        return FaceIdentifier(
            self.collections,
            self.likeness,
            min_quality=self.settings.min_match_quality,
            grounds=self.grounds,
        )

    @cached_property
    def likeness(self) -> LikenessOfFaces:
        return LikenessOfFaces(
            index=self.index,
            max_distance=self.settings.match_max_distance,
            own_distance=self.settings.max_distance,
            false_name_rate=self.settings.match_false_name_rate,
        )

    @cached_property
    def grounds(self) -> Grounds:
        return Grounds(self.infrastructure.clock)

    @cached_property
    def fresh_results(self) -> FreshResults:
        return FreshResults(self.outputs, self.collections, self.index, self.grounds, self.realm)

    @cached_property
    def job_notes(self) -> JobNotes:
        return self.infrastructure.shared_job_notes() or OwnJobNotes(
            self.settings.result_cache_seconds, self.infrastructure.clock
        )

    @property
    def repeats(self) -> Repeats | None:
        """What finds earlier answers; None if they are not kept.

        Only LanceDB's galleries tell of each change.
        """
        settings = self.settings
        if not settings.result_cache_seconds or settings.face_index != "lancedb":
            return None
        return Repeats(
            self.collections,
            tenant=self.realm.tenant,
            depends_on=settings.model_dump_json(include=_ANSWERS_DEPEND_ON),
            jobs=self.job_notes,
            settle_s=self._settle_s,
            clock=self.infrastructure.clock,
        )

    @cached_property
    def erasure(self) -> Erasure:
        holdings = Holdings(
            collections=self.collections,
            faces=self.people,
            consents=self.consents,
            crops=self.crops,
            kept=self.kept,
            index=self.index,
            traces=Traces(inputs=self.inputs, outputs=self.outputs, realm=self.realm),
        )
        return Erasure(
            collections=self.collections,
            people=self.people,
            consents=self.consents,
            ids=self.person_ids,
            crops=self.crops,
            kept=self.kept,
            groups=self.group_store,
            index=self.index,
            holdings=holdings,
            outputs=self.outputs,
            audit=self.audit,
            realm=self.realm,
            settle_s=self._settle_s,
            events=self.outbox,
            clock=self.infrastructure.clock,
            sleep=self.infrastructure.sleep,
        )

    @cached_property
    def batch_requests(self) -> BatchRequests:
        return BatchRequests(
            queue=self.infrastructure.queue(self.settings.sqs_index_queue_name),
            outputs=self.outputs,
            sources=self.sources(),
            jobs=self.jobs,
            collections=self.collections,
            direct=self.direct_uploads,
            audit=self.audit,
            realm=self.realm,
            events=self.outbox,
        )

    def intake(self, queue: str) -> Intake:
        """Return what hands photos over by a queue."""
        return Intake(
            queue=self.infrastructure.queue(queue),
            inputs=self.inputs,
            max_file_bytes=self.settings.max_file_bytes,
            max_pixels=self.settings.max_pixels,
            realm=self.realm,
            jobs=self.jobs,
        )

    @cached_property
    def index_requests(self) -> IndexRequests:
        return IndexRequests(
            intake=self.intake(self.settings.sqs_index_queue_name),
            collections=self.collections,
            bucket=self.settings.s3_in_bucket,
        )

    @cached_property
    def direct_uploads(self) -> DirectUploads:
        return DirectUploads(
            inputs=self.inputs,
            bucket=self.settings.s3_in_bucket,
            collections=self.collections,
            max_file_bytes=self.settings.max_file_bytes,
            realm=self.realm,
        )

    @cached_property
    def outbox(self) -> Outbox:
        """Where the tenant's events are told."""
        return Outbox(
            queue=self.infrastructure.queue(self.settings.sqs_webhook_queue_name),
            endpoints=Endpoints(self.own, clock=self.infrastructure.clock),
            realm=self.realm,
            now=self.infrastructure.wall_clock,
        )

    def sources(self, *further: str) -> PhotoSources:
        """Return the buckets from which the tenant's photos may be fetched."""
        names = (*self.settings.buckets_of_callers(self.realm.tenant), *further)
        return PhotoSources(
            allowed=self._buckets(names),
            max_file_bytes=self.settings.max_file_bytes,
            own=frozenset(self.settings.buckets),
        )

    def matching(self, recognise: Recognise, *, unknowns: UnknownKeeper | None = None) -> Matching:
        return Matching(
            recognise=recognise,
            collections=self.collections,
            index=self.index,
            likeness=self.likeness,
            consents=self.consents,
            min_quality=self.settings.min_match_quality,
            unknowns=unknowns,
        )

    @property
    def key_store(self) -> KeyStore:
        return KeyStore(store=self.gallery)

    def key_ring(self) -> KeyRing:
        """Return what finds the keys of callers."""
        return KeyRing(
            self.key_store,
            run_in_background=self.infrastructure.run_in_background,
            clock=self.infrastructure.clock,
        )

    def index_states(self) -> dict[str, str]:
        """Return how each collection that is in memory is searched."""
        states: dict[str, str] = getattr(self.index, "states", dict)()
        names = self.collections.names()
        return {names[gallery]: state for gallery, state in states.items() if gallery in names}

    def _buckets(self, names: Iterable[str]) -> dict[str, Bucket]:
        return {name: self.infrastructure.bucket(name) for name in names}
