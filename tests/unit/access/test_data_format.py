"""Data of a newer version are told apart."""

import pytest

from core.access.data_format import check_format
from core.bootstrap import at_start
from core.errors import DataTooNew
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


def test_storage_that_is_away_is_asked_later_by_others() -> None:
    store = stored(b"2")
    store.available = False

    check_format(store)


def test_web_tier_and_worker_do_not_start_on_data_of_a_newer_version() -> None:
    shared = MemoryInfrastructure().shared()
    shared.gallery.put(FORMAT, b"2", content_type="text/plain")

    with pytest.raises(DataTooNew):
        at_start.begin(shared)
