"""Compares variants of a program by starts that lie close together in time.

Two starts of one program differ by some percent, because its memory lies elsewhere. So each variant
is started once in each of many rounds, in an order that changes. The difference within a round is
free of what changes slowly, and the median over all rounds of what differs from start to start.
"""

import itertools
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_RESAMPLES: Final = 10_000
_SURE_PERCENT: Final = 95.0


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The median of what differed within rounds, and where it lies with a certainty of 95 %."""

    median: float
    low: float
    high: float
    rounds: list[float]

    @classmethod
    def of(cls, rounds: Sequence[float], *, seed: int = 0) -> "Difference":
        """Return the median of rounds with its bootstrap interval, by the percentiles.

        References
        ----------
        B. Efron, R. Tibshirani: An Introduction to the Bootstrap (1993), chapter 13.
        """
        drawn = np.random.default_rng(seed).choice(rounds, (_RESAMPLES, len(rounds)))
        beyond = (100 - _SURE_PERCENT) / 2
        low, high = np.percentile(np.median(drawn, axis=1), [beyond, 100 - beyond])
        return cls(
            median=round(statistics.median(rounds), 3),
            low=round(float(low), 3),
            high=round(float(high), 3),
            rounds=[round(each, 3) for each in rounds],
        )


def orders(variants: Sequence[str], *, seed: int = 0) -> Iterator[tuple[str, ...]]:
    """Yield an order of the variants for each round: all orders, shuffled, again and again."""
    shuffle = random.Random(seed).shuffle  # noqa: S311 - no secret
    while True:
        block = list(itertools.permutations(variants))
        shuffle(block)
        yield from block
