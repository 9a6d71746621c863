"""What all realms of a process share."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from core.access.key_ring import KeyRing
from core.access.key_store import KeyStore
from core.access.write_gate import WriteGate, gated_bucket, gated_index
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.tenant_quotas import TenantQuotas
from core.collections.grounds import IN_TIME_S, Grounds
from core.collections.recent_collections import Uses
from core.gallery.changes import StoredChanges, Watch
from core.ports import Bucket, FaceIndex
from core.settings import Settings
from core.submission.job_notes import JobNotes, OwnJobNotes

Writes = Literal["until closing", "until closed", "always"]
"""Until when people are changed, if all is moved to another deployment."""

_SETTLE_S: Final = IN_TIME_S + 0.7
"""Beyond the refresh time: half a second by which searches may know less, and a little more."""
_LEAST_SETTLE_S: Final = 2.5
"""The margin of the records and a second, and something more."""


@dataclass(frozen=True, kw_only=True)
class ProcessParts:
    """The buckets, the index, and what is known of changes, each made when it is first used."""

    settings: Settings
    infrastructure: Infrastructure
    writes: Writes

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

    def buckets(self, names: Iterable[str]) -> dict[str, Bucket]:
        """Return the buckets of some names."""
        return {name: self.infrastructure.bucket(name) for name in names}

    @cached_property
    def gate(self) -> WriteGate:
        return WriteGate(
            self._ungated,
            finishes=self.writes == "until closed",
            clock=self.infrastructure.clock,
        )

    @cached_property
    def watch(self) -> Watch:
        return Watch(StoredChanges(self.gallery), clock=self.infrastructure.clock)

    @cached_property
    def index(self) -> FaceIndex:
        made = self.infrastructure.index(self.watch, self._ungated)
        return made if self.writes == "always" else gated_index(made, self.gate)

    @cached_property
    def uses(self) -> Uses:
        return Uses()

    @cached_property
    def grounds(self) -> Grounds:
        return Grounds(self.infrastructure.clock)

    @cached_property
    def job_notes(self) -> JobNotes:
        return self.infrastructure.shared_job_notes() or OwnJobNotes(
            self.settings.result_cache_seconds, self.infrastructure.clock
        )

    @cached_property
    def tenants_quotas(self) -> dict[str, TenantQuotas]:
        """Those that were made, by the tenant."""
        return {}

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

    @property
    def settle_s(self) -> float:
        """Time after which every process knows what was changed."""
        return max(_LEAST_SETTLE_S, self.settings.gallery_refresh_seconds + _SETTLE_S)
