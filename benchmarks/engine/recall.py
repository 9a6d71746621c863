"""How many hand-drawn faces were found, by size."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.detection.suppression import intersection_over_union

SIZE_CLASSES_PX: Final = (16, 20, 40, 60, 80, 100_000)
_MIN_IOU: Final = 0.3
"""Detectors and people draw faces differently large: with and without forehead and ears."""


def read_boxes(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Return each photo's hand-drawn boxes, float64 of shape (N, 4), in its pixels.

    Parameters
    ----------
    folder : Path
        Photos of WIDER FACE with ``boxes.csv`` in pixels of the original, and
        ``images.csv`` with both sizes.
    """
    with (folder / "images.csv").open() as file:
        scales = {
            row["file"]: float(row["restored_w"]) / float(row["orig_w"])
            for row in csv.DictReader(file)
        }
    boxes = defaultdict(list)
    with (folder / "boxes.csv").open() as file:
        for row in csv.DictReader(file):
            corners = [float(row[f"{corner}_orig"]) for corner in ("x1", "y1", "x2", "y2")]
            boxes[row["file"]].append(corners)
    return {name: np.array(drawn) * scales[name] for name, drawn in boxes.items()}


def count_found(
    drawn: NDArray[np.float64], found: NDArray[np.float64]
) -> dict[str, tuple[int, int]]:
    """Return, for each size class, how many drawn faces were found, and how many there are.

    Each found box counts for one drawn face, the largest first.

    Parameters
    ----------
    drawn, found : ndarray of float64, shape (N, 4) and (M, 4)
        Left, top, right, bottom.
    """
    sides = np.minimum(drawn[:, 2] - drawn[:, 0], drawn[:, 3] - drawn[:, 1])
    free = np.ones(len(found), dtype=bool)
    hits = np.zeros(len(drawn), dtype=bool)
    for index in np.argsort(-sides):
        overlaps = intersection_over_union(drawn[index], found) * free
        if overlaps.size and overlaps.max() > _MIN_IOU:
            free[overlaps.argmax()] = False
            hits[index] = True
    return {
        f"{low}-{high}" if high < SIZE_CLASSES_PX[-1] else f"{low}+": (
            int(hits[(sides >= low) & (sides < high)].sum()),
            int(((sides >= low) & (sides < high)).sum()),
        )
        for low, high in pairwise(SIZE_CLASSES_PX)
    }


def sum_of_counts(counts: Iterable[dict[str, tuple[int, int]]]) -> dict[str, list[int]]:
    """Return how many faces of each size class were found on all photos, and how many there are."""
    found: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for photo in counts:
        for size, (hits, drawn) in photo.items():
            found[size] += hits
            there[size] += drawn
    return {size: [found[size], there[size]] for size in there}
