"""What a process that starts loads first."""

from collections.abc import Sequence
from functools import cache, partial

import pytest

from core.bootstrap.tenant_store import TenantStore
from core.collections.recent_collections import RecentCollections, Uses, keep_warm
from core.collections.registry import Collections
from core.ground.storage_keys import RECENT_COLLECTIONS, RECENT_TENANTS, tenant_prefix
from core.ports import ObjectStore
from core.testing import MemoryFaceIndex, MemoryStore
from tests.support.faces import MODEL


class Stopped(Exception):
    """Raised where a process would go on for ever."""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


class Process:
    """One of the service, with the collections of each tenant."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.uses = Uses()
        self.of = cache(self._of)
        self.recent = RecentCollections(self.uses, notes_of=self._part, collections_of=self.of)

    def _of(self, tenant: str) -> Collections:
        on_use = partial(self.uses.note, tenant)
        return Collections(self._part(tenant), MemoryFaceIndex(), refresh_s=1, on_use=on_use)

    def _part(self, tenant: str) -> ObjectStore:
        return TenantStore(self.store, tenant_prefix(tenant)) if tenant else self.store


def process(store: MemoryStore) -> tuple[Collections, RecentCollections]:
    made = Process(store)
    return made.of(""), made.recent


def make(store: MemoryStore, *ids: str, bound: bool = True, tenant: str = "") -> None:
    collections = Process(store).of(tenant)
    for collection_id in ids:
        made = collections.create(collection_id)
        if bound:
            collections.bind(made, MODEL, length=128)


def loaded(recent: RecentCollections, *, minutes: int = 0) -> list[Sequence[str]]:
    """Return what was loaded by a process that ran for so many minutes."""
    loads: list[Sequence[str]] = []
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        if len(slept) == minutes:
            raise Stopped
        slept.append(seconds)

    with pytest.raises(Stopped):
        keep_warm(recent, loads.append, sleep)
    return loads


def test_collections_that_were_used_last_are_loaded_first(store: MemoryStore) -> None:
    make(store, "a", "b", "c", "d")
    collections, recent = process(store)
    for collection_id in ("a", "b", "c", "a"):
        collections.get(collection_id)
    recent.note()

    others, recent_of_others = process(store)

    (galleries,) = loaded(recent_of_others)
    assert galleries == [others.get(each).gallery_id for each in ("a", "c", "b")]


def test_without_a_note_some_collections_are_loaded(store: MemoryStore) -> None:
    make(store, "a", "b")
    collections, recent = process(store)

    assert loaded(recent) == [[collections.get(each).gallery_id for each in ("a", "b")]]


def test_no_more_are_loaded_than_the_note_may_hold(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.collections.recent_collections.MOST", 3)
    make(store, *(f"tenant-{number}" for number in range(9)))
    _, recent = process(store)

    (galleries,) = loaded(recent)

    assert len(galleries) == 3


def test_collections_without_faces_and_erased_ones_are_passed_over(store: MemoryStore) -> None:
    make(store, "erased", "full")
    make(store, "empty", bound=False)
    collections, recent = process(store)
    for collection_id in ("erased", "full", "empty"):
        collections.get(collection_id)
    recent.note()
    collections.begin_erasure("erased")

    others, recent_of_others = process(store)

    assert loaded(recent_of_others) == [[others.get("full").gallery_id]]


def test_collections_of_all_tenants_are_loaded_in_the_order_of_their_use(
    store: MemoryStore,
) -> None:
    uses = [("acme", "staff"), ("", "staff"), ("beta", "guests"), ("acme", "guests")]
    for tenant, collection_id in uses:
        make(store, collection_id, tenant=tenant)
    one, other = Process(store), Process(store)
    for tenant, collection_id in uses:
        one.of(tenant).get(collection_id)
    one.recent.note()

    (galleries,) = loaded(other.recent)

    assert galleries == [other.of(tenant).get(each).gallery_id for tenant, each in uses[::-1]]


def test_collections_of_a_tenant_are_named_in_its_own_part_only(store: MemoryStore) -> None:
    make(store, "secret-project", tenant="acme")
    one = Process(store)
    one.of("acme").get("secret-project")

    one.recent.note()

    naming = [key for key, body in store.objects.items() if b"secret-project" in body]
    assert naming == [
        "tenants/acme/collections/secret-project.json",
        "tenants/acme/recent/collections.json",
    ]


def test_tenant_whose_use_is_the_same_gets_no_further_note(store: MemoryStore) -> None:
    make(store, "staff", tenant="acme")
    make(store, "staff")
    one = Process(store)
    one.of("acme").get("staff")
    one.recent.note()
    del store.objects["tenants/acme/recent/collections.json"]

    one.of("").get("staff")
    one.recent.note()

    assert "tenants/acme/recent/collections.json" not in store.objects


def test_note_of_a_version_without_tenants_is_heeded(store: MemoryStore) -> None:
    make(store, "a", "b")
    store.objects[RECENT_COLLECTIONS] = b'["b"]'
    one = Process(store)

    assert loaded(one.recent) == [[one.of("").get("b").gallery_id]]


@pytest.mark.parametrize("order", [b'["", "gone", ".."]', b'["", "", ""]'])
def test_order_that_the_notes_do_not_keep_does_no_harm(store: MemoryStore, order: bytes) -> None:
    make(store, "a", "b")
    store.objects[RECENT_COLLECTIONS] = b'["b"]'
    store.objects[RECENT_TENANTS] = order
    one = Process(store)

    assert loaded(one.recent) == [[one.of("").get("b").gallery_id]]


@pytest.mark.parametrize("note", [b"", b"no JSON", b"[1, null]", b"{}", b"1"])
def test_note_that_can_not_be_read_does_no_harm(store: MemoryStore, note: bytes) -> None:
    make(store, "a")
    store.objects[RECENT_COLLECTIONS] = note
    collections, recent = process(store)

    assert loaded(recent) == [[collections.get("a").gallery_id]]


def test_idle_process_leaves_no_further_note(store: MemoryStore) -> None:
    make(store, "a")
    _, recent = process(store)
    loaded(recent, minutes=1)
    store.objects[RECENT_COLLECTIONS] = b"of another process"

    recent.note()

    assert store.objects[RECENT_COLLECTIONS] == b"of another process"


def test_start_goes_on_without_s3(store: MemoryStore, caplog: pytest.LogCaptureFixture) -> None:
    make(store, "a")
    collections, recent = process(store)
    collections.get("a")
    store.available = False

    assert loaded(recent, minutes=1) == []

    assert [record.message for record in caplog.records] == [
        "no gallery was loaded ahead",
        "recent collections were not noted",
    ]
