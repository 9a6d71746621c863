"""The pair test of LFW's development view: how many pairs are judged rightly, and by whom.

References
----------
Q. McNemar, Note on the sampling error of the difference between correlated
proportions, 1947; the exact form: a binomial test of the pairs that only one of
two judges gets wrong.
"""

from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.lfw import Embedded, Pair
from core.faces.accuracy.error_rates import best_threshold


def judge_pairs(embedded: Embedded, train: list[Pair], test: list[Pair]) -> dict[str, Any]:
    """Choose the threshold on DevTrain, judge DevTest with it.

    A pair is wrong when it is judged wrongly, and also when no face was found
    in one of its photos. Pairs with a photo that is not in the folder are left
    out. The lists count the pairs of the protocol's file from 0.
    """
    train_distances, train_same = pair_distances(embedded, train), _same(train)
    judged = np.isfinite(train_distances)
    threshold = best_threshold(train_distances[judged], train_same[judged])
    distances, same = pair_distances(embedded, test), _same(test)
    misjudged = np.isfinite(distances) & ((distances <= threshold) != same)
    without_face = np.isposinf(distances)
    there = ~np.isnan(distances)
    return {
        "threshold": round(threshold, 4),
        "train_accuracy": float(
            np.mean((train_distances <= threshold)[judged] == train_same[judged])
        ),
        "test_accuracy": float(1 - (misjudged | without_face).sum() / there.sum()),
        "test_pairs": int(there.sum()),
        "test_pairs_left_out": int((~there).sum()),
        "misjudged": np.flatnonzero(misjudged).tolist(),
        "without_face": np.flatnonzero(without_face).tolist(),
    }


def pair_distances(embedded: Embedded, pairs: list[Pair]) -> NDArray[np.float64]:
    """Return the distance of each pair: infinite without a face, NaN where a photo is missing."""
    rows = dict(zip(embedded.photos, embedded.embeddings, strict=True))
    faceless = set(embedded.without_face)

    def distance(pair: Pair) -> float:
        if pair.one in rows and pair.other in rows:
            return float(np.linalg.norm((rows[pair.one] - rows[pair.other]).astype(np.float64)))
        there = all(photo in rows or photo in faceless for photo in (pair.one, pair.other))
        return np.inf if there else np.nan

    return np.array([distance(pair) for pair in pairs])


def compare(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Compare two answers of `judge_pairs` on the pairs that both could judge."""
    unjudged = {*one["without_face"], *other["without_face"]}
    wrong_one = set(one["misjudged"]) - unjudged
    wrong_other = set(other["misjudged"]) - unjudged
    only_one, only_other = len(wrong_one - wrong_other), len(wrong_other - wrong_one)
    return {
        "pairs": one["test_pairs"] - len(unjudged),
        "wrong": len(wrong_one),
        "other_wrong": len(wrong_other),
        "only_wrong": only_one,
        "only_other_wrong": only_other,
        "p_value": round(equal_chances(only_one, only_other), 4),
    }


def equal_chances(one: int, other: int) -> float:
    """Return how probable so uneven a split is if each case falls either way by chance."""
    cases = one + other
    tail: int = sum(comb(cases, count) for count in range(min(one, other) + 1))
    return float(min(1.0, 2 * tail / 2**cases))


def _same(pairs: list[Pair]) -> NDArray[np.bool_]:
    return np.array([pair.same for pair in pairs])
