"""What a worker does for unknown faces between its jobs: keep, group, and remove them in time."""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, Protocol

from core.collections.registry import Collections
from core.collections.unknown.groups import Groups
from core.collections.unknown.keeping import UnknownKeeper
from core.collections.unknown.retention import UnknownRetention
from core.errors import CollectionNotFound, ObjectMissing, ServiceUnavailable
from core.ground.storage_keys import TENANTS, UNKNOWNS_SWEPT, tenant_prefix
from core.ports import ObjectStore

log = logging.getLogger(__name__)

GROUPED_EVERY_S: Final = 5.0
_SWEPT_EVERY: Final = timedelta(hours=1)
_LOOKED_EVERY_S: Final = 600.0
_FIRST_LOOK_S: Final = 60.0
_PAGE: Final = 100


class UnknownParts(Protocol):
    """What a tenant's unknown faces need."""

    @property
    def collections(self) -> Collections: ...

    @property
    def keeper(self) -> UnknownKeeper: ...

    @property
    def groups(self) -> Groups: ...

    @property
    def retention(self) -> UnknownRetention: ...


class UnknownFacesWork:
    """Does it for the tenants of a worker; ``step`` is for one thread, the rest for many.

    Parameters
    ----------
    store : ObjectStore
        The gallery bucket.
    parts_of : callable
        Returns the parts of a tenant.
    run_in_background : callable
        Runs a task, which it is given with a name, beside everything else.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        store: ObjectStore,
        parts_of: Callable[[str], UnknownParts],
        *,
        run_in_background: Callable[[str, Callable[[], None]], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._parts_of = parts_of
        self._run_in_background = run_in_background
        self._clock = clock
        self._keepers: dict[str, UnknownKeeper] = {}
        self._changed: set[tuple[str, str]] = set()
        self._grouped_s = clock() - GROUPED_EVERY_S
        self._looked_s = clock() - _LOOKED_EVERY_S + _FIRST_LOOK_S
        self._busy = threading.Lock()
        self._lock = threading.Lock()

    def keeper(self, tenant: str) -> UnknownKeeper:
        """Return what keeps a tenant's unknown faces; what it keeps is written by ``flush``."""
        with self._lock:
            if tenant not in self._keepers:
                self._keepers[tenant] = self._parts_of(tenant).keeper
            return self._keepers[tenant]

    def note(self, tenant: str, collection_id: str) -> None:
        """Note that a collection has faces that may be in no group yet."""
        with self._lock:
            self._changed.add((tenant, collection_id))

    def flush(self) -> None:
        """Write the faces that wait to be kept."""
        with self._lock:
            keepers = list(self._keepers.items())
        for tenant, keeper in keepers:
            for collection_id in keeper.flush():
                self.note(tenant, collection_id)

    def step(self) -> None:
        """Write what waits, and begin what else is due, if nothing of it is under way."""
        self.flush()
        now_s = self._clock()
        is_due = bool(self._changed) and now_s - self._grouped_s >= GROUPED_EVERY_S
        is_due = is_due or now_s - self._looked_s >= _LOOKED_EVERY_S
        if is_due and self._busy.acquire(blocking=False):
            self._run_in_background("unknown-faces", self._work)

    def _work(self) -> None:
        try:
            self._group()
            self._sweep()
        except ServiceUnavailable as error:
            log.warning("unknown faces were left alone", extra={"reason": str(error)})
        except Exception:
            log.exception("unknown faces met an unexpected error")
        finally:
            self._busy.release()

    def _group(self) -> None:
        self._grouped_s = self._clock()
        with self._lock:
            changed, self._changed = self._changed, set()
        for tenant, collection_id in changed:
            try:
                self._parts_of(tenant).groups.refresh(collection_id, most=None)
            except CollectionNotFound:
                continue
            except ServiceUnavailable:
                self.note(tenant, collection_id)
                raise

    def _sweep(self) -> None:
        """Remove what was kept long enough, in all collections, unless another worker did so."""
        if self._clock() - self._looked_s < _LOOKED_EVERY_S:
            return
        self._looked_s = self._clock()
        if not self._is_first():
            return
        removed = 0
        for tenant in ("", *self._tenants()):
            parts = self._parts_of(tenant)
            after = ""
            while page := parts.collections.page(limit=_PAGE, after=after):
                for collection in page:
                    if collection.unknowns is not None and collection.state == "active":
                        removed += parts.retention.sweep(collection)
                        self.note(tenant, collection.collection_id)
                after = page[-1].collection_id
        log.info("old unknown faces were removed", extra={"faces": removed})

    def _is_first(self) -> bool:
        """Tell whether nobody has swept within the hour; from now on somebody has."""
        now = self._store.now()
        try:
            swept = self._store.get(UNKNOWNS_SWEPT)
        except ObjectMissing:
            version = None
        else:
            if now - swept.modified_at < _SWEPT_EVERY:
                return False
            version = swept.version
        return self._store.put_if(
            UNKNOWNS_SWEPT,
            now.isoformat().encode(),
            content_type="text/plain",
            version=version,
        )

    def _tenants(self) -> Iterator[str]:
        after = TENANTS
        while keys := self._store.keys(TENANTS, after=after, limit=1):
            tenant = keys[0].removeprefix(TENANTS).partition("/")[0]
            yield tenant
            after = tenant_prefix(tenant) + "\U0010ffff"
