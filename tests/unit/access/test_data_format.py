"""Data of a newer version are told apart."""

from typing import Literal

import pytest

from core.access.data_format import check_format, check_format_at_start
from core.bootstrap import at_start
from core.bootstrap.shared import Shared
from core.errors import DataTooNew, ReadOnly, StorageUnavailable
from core.ground.storage_keys import FORMAT
from core.testing import MemoryStore
from tests.support.infrastructure import MemoryInfrastructure


def stored(body: bytes) -> MemoryStore:
    store = MemoryStore()
    store.put(FORMAT, body, content_type="text/plain")
    return store


@pytest.mark.parametrize("store", [MemoryStore(), stored(b"1"), stored(b"1\n")])
def test_data_of_this_format_are_read(store: MemoryStore) -> None:
    check_format(store)


@pytest.mark.parametrize("body", [b"2", b"10", b"", b"new", b"\xff"])
def test_data_of_another_format_are_refused(body: bytes) -> None:
    with pytest.raises(DataTooNew, match="reads formats up to 1"):
        check_format(stored(body))


def test_storage_that_is_away_stops_no_start_and_is_said_to_be(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = stored(b"2")
    store.available = False

    check_format_at_start(store)

    assert caplog.messages == ["format of the data could not be read"]
    with pytest.raises(StorageUnavailable):
        check_format(store)


@pytest.mark.parametrize("writes", ["until closing", "until closed"])
def test_data_that_turn_out_to_be_newer_after_the_start_are_not_written(
    writes: Literal["until closing", "until closed"],
) -> None:
    memory = MemoryInfrastructure()
    shared = Shared(memory.settings, memory.joined(), writes=writes)
    store = memory.bucket(memory.settings.s3_gallery_bucket)
    store.available = False
    at_start.begin(shared)
    store.available = True
    store.put(FORMAT, b"2", content_type="text/plain")

    for _ in range(2):
        with pytest.raises(ReadOnly, match="reads formats up to 1"):
            shared.collections.create("family")

    assert list(store.objects) == [FORMAT]


def test_web_tier_and_worker_do_not_start_on_data_of_a_newer_version() -> None:
    shared = MemoryInfrastructure().shared()
    shared.gallery.put(FORMAT, b"2", content_type="text/plain")

    with pytest.raises(DataTooNew):
        at_start.begin(shared)
