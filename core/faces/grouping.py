"""Groups of faces that are one person each, as far as the embeddings tell.

Two faces are near if their distance is small. Each face is compared with all, and keeps its
nearest ones. What hangs together by near faces is then cut by average linkage: two groups become
one if the mean distance between their faces is small too. So a face that is like two people does
not join them.

Average linkage takes memory by the square of the faces. Where more faces hang together than that
allows, dlib's Chinese whispers cuts them first: each face takes the group that most of the faces
near it have, until little changes.

A face that is added later and is near one group only joins that. Otherwise its neighbours and
their groups are grouped again. All others stay as they are.

References
----------
D. Müllner, fastcluster, Journal of Statistical Software 53 (9), 2013.
C. Biemann, Chinese Whispers, TextGraphs, 2006.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

NEAR_SHARE: Final = 0.91
"""Distance of near faces, as a share of the largest one at which a search names someone. Chosen on
half of the people of LFW's development view, see docs/groups.md."""

_NEIGHBOURS: Final = 16
"""Near faces that each face keeps, so that 10,000 photos of one person are few pairs."""
_BLOCK: Final = 1024
"""Faces that are compared with all at a time."""
_MOST_LINKED: Final = 2000
"""Faces of which all distances are computed: 16 MB."""

Rows = NDArray[np.int64]


def regrouped(
    embeddings: NDArray[np.float32], former: Sequence[str | None], *, near: float
) -> list[list[int]]:
    """Return groups of all faces, as lists of rows; each face is in one.

    Parameters
    ----------
    embeddings : ndarray of float32, shape (N, D)
    former : sequence of str or None
        Group of each face; None for one that was in none. Groups near which there is no such
        face stay as they are.
    near : float
        Largest distance of two near faces, and largest mean distance of two parts of a group.
    """
    new = np.array([row for row, group in enumerate(former) if group is None], dtype=np.int64)
    pairs = _near_pairs(embeddings, new, near=near)
    now = list(former)
    for row, joined in _clear(embeddings, pairs, former, near=near).items():
        now[row] = joined
    unclear = pairs[[now[one] is None or now[other] is None for one, other in pairs.tolist()]]
    touched = _groups_of(unclear, now)
    again = [row for row, group in enumerate(now) if group is None or group in touched]
    untouched = (rows for group, rows in _members(now).items() if group not in touched)
    return [*untouched, *_grouped(embeddings, np.array(again, dtype=np.int64), near=near)]


def inherited(groups: Sequence[Sequence[int]], former: Sequence[str | None]) -> list[str | None]:
    """Return which former group each group goes on: the one with which it shares most faces.

    One group at most goes on each former group. A group of new faces alone goes on none.
    """
    shared = [
        (count, group, place)
        for place, rows in enumerate(groups)
        for group, count in Counter(former[row] for row in rows).items()
        if group is not None
    ]
    heirs: list[str | None] = [None] * len(groups)
    taken: set[str] = set()
    for _, group, place in sorted(shared, key=lambda each: (-each[0], each[1], each[2])):
        if heirs[place] is None and group not in taken:
            heirs[place] = group
            taken.add(group)
    return heirs


def _members(groups: Sequence[str | None]) -> dict[str, list[int]]:
    """Return the rows of each group."""
    members: dict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        if group is not None:
            members[group].append(row)
    return members


def _clear(
    embeddings: NDArray[np.float32], pairs: Rows, former: Sequence[str | None], *, near: float
) -> dict[int, str]:
    """Return the groups of new faces that are near one group only, and no other new face."""
    nearby: dict[int, set[str | None]] = defaultdict(set)
    for one, other in pairs.tolist():
        for row, neighbour in ((one, other), (other, one)):
            if former[row] is None:
                nearby[row].add(former[neighbour])
    members = _members(former)
    found: dict[int, str] = {}
    for row, groups in nearby.items():
        nearest = groups.pop() if len(groups) == 1 else None
        if nearest is not None:
            distances = np.linalg.norm(embeddings[members[nearest]] - embeddings[row], axis=1)
            if distances.mean() <= near:
                found[row] = nearest
    return found


def _grouped(embeddings: NDArray[np.float32], rows: Rows, *, near: float) -> Iterator[list[int]]:
    """Yield the groups of these rows among themselves."""
    pairs = _near_pairs(embeddings[rows], np.arange(len(rows)), near=near)
    for together in _connected(pairs, len(rows)):
        for part in _parts(together, pairs):
            for group in _linked(embeddings[rows[part]], near=near):
                yield rows[part[group]].tolist()


def _near_pairs(embeddings: NDArray[np.float32], probes: Rows, *, near: float) -> Rows:
    """Return the near pairs of the probes, which are rows, as an array of shape (M, 2)."""
    import faiss

    found: list[Rows] = [np.empty((0, 2), dtype=np.int64)]
    index = faiss.IndexFlatL2(embeddings.shape[1])
    index.add(embeddings)
    limit = min(_NEIGHBOURS + 1, len(embeddings))  # the face itself is among its nearest ones
    for start in range(0, len(probes), _BLOCK):
        block = probes[start : start + _BLOCK]
        squares, neighbours = index.search(embeddings[block], limit)
        ones, others = np.repeat(block, limit), neighbours.reshape(-1)
        is_near = (squares.reshape(-1) <= near**2) & (ones != others)
        found.append(np.sort(np.stack([ones[is_near], others[is_near]], axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _groups_of(pairs: Rows, former: Sequence[str | None]) -> frozenset[str]:
    groups = (former[row] for row in np.unique(pairs).tolist())
    return frozenset(group for group in groups if group is not None)


def _connected(pairs: Rows, count: int) -> list[Rows]:
    """Return the rows that hang together by pairs, each in one array."""
    neighbours: dict[int, list[int]] = defaultdict(list)
    for one, other in pairs.tolist():
        neighbours[one].append(other)
        neighbours[other].append(one)
    seen = np.zeros(count, dtype=np.bool_)
    found: list[Rows] = []
    for row in range(count):
        if seen[row]:
            continue
        seen[row] = True
        together = [row]
        for each in together:  # which grows meanwhile
            for other in neighbours[each]:
                if not seen[other]:
                    seen[other] = True
                    together.append(other)
        found.append(np.sort(np.array(together, dtype=np.int64)))
    return found


def _parts(rows: Rows, pairs: Rows) -> list[Rows]:
    """Return the rows in arrays that are small enough to be linked, if there are such."""
    if len(rows) <= _MOST_LINKED:
        return [rows]
    import dlib

    among = np.searchsorted(rows, pairs[np.isin(pairs[:, 0], rows)])
    labels = np.array(dlib.chinese_whispers(list(map(tuple, among.tolist()))))
    order = np.argsort(labels, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(labels[order])) + 1)


def _linked(embeddings: NDArray[np.float32], *, near: float) -> list[list[int]]:
    """Return groups by average linkage; too many rows for that are one."""
    count = len(embeddings)
    if count == 1 or count > _MOST_LINKED:
        return [list(range(count))]
    import fastcluster

    groups = {row: [row] for row in range(count)}
    steps = fastcluster.linkage(_distances(embeddings), "average")
    for step, (one, other, distance, _) in enumerate(steps.tolist()):
        if distance > near:
            break
        groups[count + step] = groups.pop(int(one)) + groups.pop(int(other))
    return list(groups.values())


def _distances(embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distances of all pairs, in the order of the upper triangle of a matrix."""
    wide = embeddings.astype(np.float64)
    squares = np.square(wide).sum(axis=1)
    between = squares[:, None] + squares - 2 * wide @ wide.T
    distances: NDArray[np.float64] = np.sqrt(
        np.maximum(between[np.triu_indices(len(wide), 1)], 0.0)
    )
    return distances
