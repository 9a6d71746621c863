"""Keys are made, rotated and revoked, and every process soon knows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from core.access.key_ring import TRUSTED_S, KeyRing
from core.access.key_store import KeyStore
from core.access.keys import GivenKey
from core.errors import KeyInvalid, KeyNotFound, StorageUnavailable
from core.testing import ManualClock, MemoryStore


class Door:
    """One bucket, and two web processes that look at it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.bucket = MemoryStore(self.clock)
        self.today = datetime(2026, 5, 1, tzinfo=UTC)
        self.store = KeyStore(store=self.bucket, now=lambda: self.today)
        self.tasks: list[Callable[[], None]] = []
        self.rings = [self.ring(), self.ring()]

    def ring(self) -> KeyRing:
        return KeyRing(
            self.store,
            clock=self.clock,
            run_in_background=lambda _, task: self.tasks.append(task),
        )

    def made(self) -> GivenKey:
        return self.store.create("door", scopes=["recognise"])[1]

    def assert_refused(self, key: GivenKey) -> None:
        for ring in self.rings:
            with pytest.raises(KeyInvalid):
                ring.key(key.text)

    def assert_let_in(self, key: GivenKey) -> None:
        for ring in self.rings:
            assert ring.key(key.text).key_id == key.key_id


@pytest.fixture
def door() -> Door:
    return Door()


def test_key_that_was_made_is_let_in(door: Door) -> None:
    door.assert_let_in(door.made())


def test_key_is_stored_without_its_secret(door: Door) -> None:
    key = door.made()

    everything = b"".join((*door.bucket.objects.values(), *map(str.encode, door.bucket.objects)))
    assert key.secret.encode() not in everything
    assert key.text.encode() not in everything


def test_unknown_key_is_refused(door: Door) -> None:
    door.assert_refused(GivenKey.new())


def test_revoked_key_is_refused_within_two_seconds(door: Door) -> None:
    key = door.made()
    door.assert_let_in(key)

    door.store.revoke(key.key_id)
    door.clock.advance(TRUSTED_S)

    assert TRUSTED_S < 2
    door.assert_refused(key)


def test_new_key_is_let_in_within_two_seconds_of_a_refusal(door: Door) -> None:
    key = GivenKey.new("0123456789ab")
    door.assert_refused(key)

    made, _ = door.store.create("door", scopes=["recognise"])
    other = made.model_copy(update={"key_id": key.key_id})
    door.bucket.put(
        "keys/0123456789ab.json", other.model_dump_json().encode(), content_type="application/json"
    )
    _, rotated = door.store.rotate(key.key_id, keep=timedelta())
    door.clock.advance(TRUSTED_S)

    door.assert_let_in(rotated)


def test_both_secrets_open_while_a_key_is_rotated(door: Door) -> None:
    former = door.made()

    _, latter = door.store.rotate(former.key_id, keep=timedelta(days=10_000))

    assert latter.key_id == former.key_id
    assert latter.secret != former.secret
    door.assert_let_in(former)
    door.assert_let_in(latter)


def test_former_secret_expires(door: Door) -> None:
    former = door.made()

    _, latter = door.store.rotate(former.key_id, keep=timedelta(0))

    door.assert_refused(former)
    door.assert_let_in(latter)


def test_only_two_secrets_are_live(door: Door) -> None:
    first = door.made()
    later = [door.store.rotate(first.key_id, keep=timedelta(days=10_000))[1] for _ in range(2)]

    door.assert_refused(first)
    for key in later:
        door.assert_let_in(key)


@pytest.mark.parametrize("key_id", ["0123456789ab", "", "../collections/staff"])
def test_key_that_is_not_there_can_not_be_revoked(door: Door, key_id: str) -> None:
    with pytest.raises(KeyNotFound):
        door.store.revoke(key_id)
    with pytest.raises(KeyNotFound):
        door.store.rotate(key_id, keep=timedelta())


def test_revoked_key_can_not_be_rotated(door: Door) -> None:
    key = door.made()
    door.store.revoke(key.key_id)

    with pytest.raises(KeyNotFound):
        door.store.rotate(key.key_id, keep=timedelta())


def test_many_requests_with_a_key_ask_s3_once(door: Door) -> None:
    key = door.made()
    for _ in range(100):
        door.rings[0].key(key.text)

    assert door.bucket.gets == 1


def test_made_up_keys_do_not_ask_s3_each_time(door: Door) -> None:
    key = GivenKey.new()
    for _ in range(100):
        with pytest.raises(KeyInvalid):
            door.rings[0].key(key.text)
        with pytest.raises(KeyInvalid):
            door.rings[0].key(f"{key.text[:-1]}x")

    assert door.bucket.gets == 1


def test_nobody_is_let_in_on_old_knowledge_while_s3_is_away(door: Door) -> None:
    key = door.made()
    door.assert_let_in(key)
    door.bucket.available = False
    door.clock.advance(TRUSTED_S)

    with pytest.raises(StorageUnavailable):
        door.rings[0].key(key.text)


def test_last_use_is_noted_by_day_and_once(door: Door) -> None:
    key = door.made()
    for _ in range(3):
        door.rings[0].key(key.text)

    assert len(door.tasks) == 1
    assert door.store.last_use(key.key_id) is None
    door.tasks[0]()
    assert door.store.last_use(key.key_id) == datetime.now(UTC).date()


def test_all_keys_are_listed(door: Door) -> None:
    made = {door.made().key_id for _ in range(3)}

    assert {key.key_id for key in door.store.all()} == made
