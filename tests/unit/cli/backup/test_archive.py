"""The parts of a backup's file, and how much of them is in memory."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from efr_cli.backup.archive import FORMAT, About, ArchiveReader, ArchiveWriter
from efr_cli.backup.contents import bodies, objects

from core.testing import MemoryStore

ABOUT = About(format=FORMAT, version="1", made_at=datetime(2026, 11, 30, tzinfo=UTC), tenants=("",))


def parts_of(found: list[tuple[str, bytes]]) -> list[list[int]]:
    """Return the sizes of the objects in each part of a file."""
    file = io.BytesIO()
    writer = ArchiveWriter(file, ABOUT)
    assert writer.objects(iter(found)) == len(found)
    writer.end()
    parts = list(ArchiveReader(file, "a").parts())
    assert [each for part in parts if isinstance(part, Mapping) for each in part.items()] == found
    return [[len(body) for body in part.values()] for part in parts if isinstance(part, Mapping)]


def test_part_has_so_many_bytes_at_most_and_a_larger_object_one_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("efr_cli.backup.archive._PART_BYTES", 100)
    sizes = [60, 60, 30, 10, 200, 0, 100, 1]

    parts = parts_of([(f"keys/{n}", b"x" * size) for n, size in enumerate(sizes)])

    assert parts == [[60], [60, 30, 10], [200], [0, 100], [1]]


def test_part_has_so_many_objects_at_most() -> None:
    parts = parts_of([(f"keys/{n}", b"x") for n in range(2_001)])

    assert [len(part) for part in parts] == [1000, 1000, 1]


def test_no_objects_are_no_part() -> None:
    assert parts_of([]) == []


def test_few_objects_are_read_before_they_are_wanted() -> None:
    store = MemoryStore()
    for number in range(500):
        store.put(f"keys/{number:03}", b"x", content_type="text/plain")

    found = objects(store, "keys/")
    first = next(found)

    assert first == ("keys/000", b"x")
    assert store.gets <= 16
    assert len(list(found)) == 499


def test_object_that_is_gone_meanwhile_is_left_out() -> None:
    store = MemoryStore()
    store.put("keys/b", b"x", content_type="text/plain")

    assert list(bodies(store, ["keys/a", "keys/b", "keys/c"])) == [("keys/b", b"x")]
