"""An index of clusters, and the exact vectors that it goes on with."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.gallery.replica.vectors import ExactVectors, IndexedVectors

LENGTH = 16


def vectors(count: int) -> NDArray[np.float32]:
    generator = np.random.default_rng(11)
    centres = generator.normal(size=(40, LENGTH))
    moved = centres[generator.integers(40, size=count)] + 0.3 * generator.normal(
        size=(count, LENGTH)
    )
    return moved.astype(np.float32)


def index_of(rows: NDArray[np.float32], *, compressed: bool) -> IndexedVectors:
    exact = ExactVectors(LENGTH)
    slots = np.arange(len(rows))
    exact.put(slots, rows)
    return IndexedVectors.built_of(exact, slots, compressed=compressed)


@pytest.mark.parametrize("compressed", [False, True])
def test_vectors_put_into_the_slots_of_removed_ones_are_found(compressed: bool) -> None:
    rows = vectors(4000)
    index = index_of(rows, compressed=compressed)
    replaced = np.arange(0, 4000, 3)

    for part in np.array_split(replaced, 10):
        index.remove(part)
        index.put(part, rows[part])

    _, found = index.search(rows[replaced], 5)
    assert (found == replaced[:, np.newaxis]).any(axis=1).all()


@pytest.mark.parametrize("compressed", [False, True])
def test_removed_vectors_are_not_found(compressed: bool) -> None:
    rows = vectors(1000)
    index = index_of(rows, compressed=compressed)
    removed = np.arange(100, 200)

    index.remove(removed)

    _, found = index.search(rows[removed], 30)
    assert not np.isin(found, removed).any()


def test_distances_are_those_of_exact_search() -> None:
    rows = vectors(3000)
    exact = ExactVectors(LENGTH)
    exact.put(np.arange(3000), rows)
    probes = rows[::50] + np.float32(0.01)
    squared, slots = exact.search(probes, 8)
    index = IndexedVectors.built_of(exact, np.arange(3000), compressed=False)

    found_squared, found = index.search(probes, 8)

    assert (found[:, 0] == slots[:, 0]).all()
    assert found_squared[:, 0] == pytest.approx(squared[:, 0], abs=1e-4)
    assert (np.diff(found_squared) >= 0).all()


@pytest.mark.parametrize("compressed", [False, True])
def test_vectors_removed_since_the_slots_were_listed_do_no_harm(compressed: bool) -> None:
    rows = vectors(3000)
    exact = ExactVectors(LENGTH)
    slots = np.arange(3000)
    exact.put(slots, rows)
    exact.remove(slots[::500])

    index = IndexedVectors.built_of(exact, slots, compressed=compressed)
    index.remove(slots[::500])

    _, found = index.search(rows[1::50], 5)
    assert (found == np.arange(1, 3000, 50)[:, np.newaxis]).any(axis=1).all()


@pytest.mark.parametrize("compressed", [False, True])
def test_vectors_are_found_in_slots_beyond_those_that_the_index_was_built_of(
    compressed: bool,
) -> None:
    rows = vectors(1200)
    index = index_of(rows[:1000], compressed=compressed)
    later = np.array([1003, 1100, 1199])

    index.remove(later)
    index.put(later, rows[later])

    _, found = index.search(rows[later], 3)
    assert (found == later[:, np.newaxis]).any(axis=1).all()
