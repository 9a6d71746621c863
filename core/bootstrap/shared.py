"""What both tiers and the command line are made of, for each realm its own."""

from dataclasses import dataclass, replace
from functools import cached_property, partial

from core.access.audit_trail import AuditTrail
from core.access.limits.quotas import Quotas
from core.access.name_hashes import NameHashes
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.process_parts import ProcessParts, Writes
from core.bootstrap.tenant_quotas import TenantQuotas, build_quotas
from core.bootstrap.tenant_store import TenantStore
from core.collections.consents import Consents
from core.collections.crops import Crops
from core.collections.kept_faces import KeptFaces
from core.collections.people import People
from core.collections.person_ids import PersonIds
from core.collections.persons import Persons
from core.collections.registry import Collections
from core.collections.shown.person_changes import PersonChanges
from core.collections.unknown.group_store import GroupStore
from core.ground.realms import WHOLE, Realm
from core.ground.storage_keys import tenant_prefix
from core.jobs.photo_sources import PhotoSources
from core.jobs.webhooks.endpoint_store import Endpoints
from core.jobs.webhooks.outbox import Outbox
from core.ports import Bucket, FaceIndex, ObjectStore
from core.settings import Settings
from core.submission.jobs_under_way import JobQuota


@dataclass(frozen=True)
class Shared:
    """The collections and people of a realm, and where they are; made when they are first used.

    ``realm`` is whose data they see. Those of other realms (`of`) share ``process`` with it.
    `core.bootstrap.use_cases` makes what works on them.
    """

    settings: Settings
    infrastructure: Infrastructure
    realm: Realm = WHOLE
    writes: Writes = "until closing"

    @cached_property
    def process(self) -> ProcessParts:
        return ProcessParts(
            settings=self.settings, infrastructure=self.infrastructure, writes=self.writes
        )

    def of(self, realm: Realm) -> "Shared":
        """Return the parts of another realm."""
        other = replace(self, realm=realm)
        vars(other)["process"] = self.process
        return other

    def of_tenant(self, tenant: str) -> "Shared":
        """Return the parts of a whole tenant: these, or others."""
        is_own = self.realm.is_whole and tenant == self.realm.tenant
        return self if is_own else self.of(Realm(tenant))

    @property
    def inputs(self) -> Bucket:
        return self.process.inputs

    @property
    def outputs(self) -> Bucket:
        return self.process.outputs

    @property
    def gallery(self) -> Bucket:
        return self.process.gallery

    @property
    def index(self) -> FaceIndex:
        return self.process.index

    @property
    def own(self) -> ObjectStore:
        """The tenant's own objects in the gallery bucket."""
        tenant = self.realm.tenant
        return TenantStore(self.gallery, tenant_prefix(tenant)) if tenant else self.gallery

    def sources(self, *further: str) -> PhotoSources:
        """Return the buckets from which the tenant's photos may be fetched."""
        names = (*self.settings.buckets_of_callers(self.realm.tenant), *further)
        return PhotoSources(
            allowed=self.process.buckets(names),
            max_file_bytes=self.settings.max_file_bytes,
            own=frozenset(self.settings.buckets),
        )

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
        tenant, made_before = self.realm.tenant, self.process.tenants_quotas
        if tenant not in made_before:
            unseen_too = self.of_tenant(tenant)
            made = build_quotas(
                self.settings,
                people=unseen_too.people,
                collections=unseen_too.collections,
                outputs=self.outputs,
                clock=self.infrastructure.clock,
            )
            made_before.setdefault(tenant, made)
        return made_before[tenant]

    @cached_property
    def names(self) -> NameHashes:
        return NameHashes(self.own)

    @cached_property
    def audit(self) -> AuditTrail:
        return AuditTrail(store=self.own, names=self.names, tenant=self.realm.tenant)

    @cached_property
    def outbox(self) -> Outbox:
        """Where the tenant's events are told."""
        return Outbox(
            queue=self.infrastructure.queue(self.settings.sqs_webhook_queue_name),
            endpoints=Endpoints(self.own, clock=self.infrastructure.clock),
            realm=self.realm,
            now=self.infrastructure.wall_clock,
        )

    @cached_property
    def collections(self) -> Collections:
        return Collections(
            self.own,
            self.index,
            refresh_s=self.settings.gallery_refresh_seconds,
            clock=self.infrastructure.clock,
            watch=self.process.watch,
            realm=self.realm,
            on_use=partial(self.process.uses.note, self.realm.tenant),
            check_writable=self.process.gate.check,
        )

    def index_states(self) -> dict[str, str]:
        """Return how each collection that is in memory is searched."""
        states: dict[str, str] = getattr(self.index, "states", dict)()
        names = self.collections.names()
        return {names[gallery]: state for gallery, state in states.items() if gallery in names}

    @cached_property
    def people(self) -> People:
        return People(
            collections=self.collections,
            index=self.index,
            consents=self.consents,
            ids=self.person_ids,
            kept=self.kept,
            crops=self.crops,
            settle_s=self.process.settle_s,
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
