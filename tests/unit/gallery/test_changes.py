"""What readers see of changes that writers announce, and what that costs them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import StorageUnavailable
from core.gallery.changes import StoredChanges, UnknownChanges, Watch
from core.ground.storage_keys import BELL, MARKERS
from core.testing import ManualClock, MemoryStore
from tests.support.adversary import Process, Trouble

LIST = 1
"""Of the calls of a look that hears the bell."""


@pytest.fixture
def bucket() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def writer(bucket: MemoryStore) -> StoredChanges:
    return StoredChanges(bucket)


@pytest.fixture
def reader(bucket: MemoryStore) -> StoredChanges:
    """Return the changes of a process that has looked once."""
    reader = StoredChanges(bucket)
    reader.look()
    return reader


def test_announced_gallery_is_seen_once(writer: StoredChanges, reader: StoredChanges) -> None:
    writer.announce("ada")

    assert reader.look() == {"ada"}
    assert reader.look() == set()


def test_galleries_announced_at_once_are_all_seen(
    bucket: MemoryStore, reader: StoredChanges
) -> None:
    for number in range(5):
        StoredChanges(bucket).announce(f"gallery {number}")

    assert reader.look() == {f"gallery {number}" for number in range(5)}


def test_gallery_announced_again_is_seen_again(
    writer: StoredChanges, reader: StoredChanges
) -> None:
    writer.announce("ada")
    writer.announce("bob")
    reader.look()

    writer.announce("ada")

    assert reader.look() == {"ada"}


def test_first_look_does_not_tell_what_changed_before(
    bucket: MemoryStore, writer: StoredChanges
) -> None:
    writer.announce("ada")

    assert StoredChanges(bucket).look() is None


@pytest.mark.parametrize("galleries", [0, 20, 2000])
def test_look_at_nothing_new_is_one_request_whatever_the_number_of_galleries(
    bucket: MemoryStore, writer: StoredChanges, galleries: int
) -> None:
    for number in range(galleries):
        writer.announce(f"gallery {number}")
    reader = StoredChanges(bucket)
    reader.look()
    bucket.gets = bucket.listings = 0

    for _ in range(10):
        assert reader.look() == set()

    assert (bucket.gets, bucket.listings) == (10, 0)


def test_announcement_is_two_small_writes(bucket: MemoryStore, writer: StoredChanges) -> None:
    process = Process()

    StoredChanges(process.store(bucket)).announce("ada")

    assert process.calls == 2
    assert bucket.objects.keys() == {BELL, f"{MARKERS}ada"}
    assert all(len(body) < 64 for body in bucket.objects.values())


def test_end_of_a_gallery_is_seen_and_leaves_nothing_of_it(
    bucket: MemoryStore, writer: StoredChanges, reader: StoredChanges
) -> None:
    writer.announce("ada")
    reader.look()

    writer.announce_end("ada")

    assert reader.look() == {"ada"}
    assert bucket.objects.keys() == {BELL}


def test_what_is_announced_during_a_look_is_heard_by_the_next(
    bucket: MemoryStore, writer: StoredChanges
) -> None:
    def announce_between_bell_and_markers() -> None:
        if process.calls == before + LIST:
            writer.announce("bob")

    process = Process(before_call=announce_between_bell_and_markers)
    reader = StoredChanges(process.store(bucket))
    before = 99
    reader.look()
    writer.announce("ada")
    before = process.calls

    assert reader.look() == {"ada", "bob"}
    assert reader.look() == set()
    writer.announce("eve")
    assert reader.look() == {"eve"}


def test_change_is_not_lost_by_a_look_that_fails(
    bucket: MemoryStore, writer: StoredChanges
) -> None:
    process = Process()
    reader = StoredChanges(process.store(bucket))
    reader.look()
    writer.announce("ada")
    process.troubles[process.calls + LIST] = Trouble.REFUSED

    with pytest.raises(StorageUnavailable):
        reader.look()

    assert reader.look() == {"ada"}


def test_writer_that_dies_before_the_bell_is_heard_with_the_next_one(
    bucket: MemoryStore, writer: StoredChanges, reader: StoredChanges
) -> None:
    broken = StoredChanges(Process({1: Trouble.REFUSED}).store(bucket))
    with pytest.raises(StorageUnavailable):
        broken.announce("ada")
    assert reader.look() == set()

    writer.announce("bob")

    assert reader.look() == {"ada", "bob"}


def test_any_gallery_may_have_changed_when_the_bucket_was_emptied(
    bucket: MemoryStore, writer: StoredChanges, reader: StoredChanges
) -> None:
    writer.announce("ada")
    reader.look()
    bucket.objects.clear()

    assert reader.look() is None
    assert reader.look() == set()


def test_what_was_read_before_a_change_is_out_of_date(
    bucket: MemoryStore, writer: StoredChanges
) -> None:
    watch = Watch(StoredChanges(bucket))
    writer.announce("bob")
    seen = watch.look(max_age_s=0)

    writer.announce("ada")
    assert not watch.has_changed("ada", since=seen)
    watch.look(max_age_s=0)

    assert watch.has_changed("ada", since=seen)
    assert not watch.has_changed("bob", since=seen)
    assert not watch.has_changed("ada", since=watch.latest)


def test_what_was_read_before_the_first_look_is_out_of_date(bucket: MemoryStore) -> None:
    watch = Watch(StoredChanges(bucket))
    seen = watch.latest

    watch.look(max_age_s=0)

    assert watch.has_changed("ada", since=seen)


def test_look_that_is_young_enough_costs_nothing(bucket: MemoryStore) -> None:
    clock = ManualClock()
    watch = Watch(StoredChanges(bucket), clock=clock)
    watch.look(max_age_s=5)
    before = bucket.gets

    clock.advance(4)
    assert watch.look(max_age_s=5).number == 1
    assert bucket.gets == before

    clock.advance(1)
    assert watch.look(max_age_s=5).number == 2
    assert bucket.gets == before + 1


def test_gallery_that_comes_and_ends_between_two_looks_has_changed(
    bucket: MemoryStore, writer: StoredChanges
) -> None:
    watch = Watch(StoredChanges(bucket))
    writer.announce("bob")
    seen = watch.look(max_age_s=0)
    watch.look(max_age_s=0)
    assert not watch.has_changed("ada", since=seen)

    writer.announce("ada")
    writer.announce_end("ada")
    watch.look(max_age_s=0)

    assert watch.has_changed("ada", since=seen)
    assert not watch.has_changed("ada", since=watch.latest)
    assert not watch.has_changed("bob", since=seen)


def test_without_announcements_every_look_may_mean_a_change() -> None:
    watch = Watch(UnknownChanges())
    seen = watch.look(max_age_s=0)

    watch.look(max_age_s=0)

    assert watch.has_changed("ada", since=seen)


def test_those_who_wait_for_a_look_that_fails_do_not_look_again(bucket: MemoryStore) -> None:
    clock = ManualClock()
    process = Process(dict.fromkeys(range(99), Trouble.REFUSED))
    watch = Watch(StoredChanges(process.store(bucket)), clock=clock)

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(watch.look, max_age_s=1) for _ in range(8)]
        errors = [each.exception(30) for each in asked]

    assert {type(error) for error in errors} == {StorageUnavailable}
    assert process.calls == 1

    process.troubles.clear()
    clock.advance(0.1)
    assert watch.look(max_age_s=1).number == 1
