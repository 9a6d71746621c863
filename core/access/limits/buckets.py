"""Token buckets: what a request takes from them, and what they then hold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from core.ground.rates import Rate

_TOLERANCE: Final = 1e-6
"""Of a token, for what is lost in floating point."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What a request takes from one bucket: that of a subject, under a limit's name."""

    limit: str
    subject: str
    rate: Rate
    cost: int = 1

    @property
    def takes_s(self) -> float:
        """The time in which what is taken comes back."""
        return self.cost * self.rate.interval_s

    def wait_s(self, full_in_s: float) -> float:
        """Return in how many seconds a bucket holds enough, 0 if it does.

        A request that costs more than the bucket can hold needs a full one, and leaves a
        debt: so none is impossible, and in the long run the rate is kept.
        """
        missing = min(self.cost, self.rate.count) - self._tokens(full_in_s)
        return missing * self.rate.interval_s if missing > _TOLERANCE else 0.0

    def level(self, full_in_s: float, wait_s: float) -> "Level":
        """Return what is told of a bucket that is full in that many seconds."""
        left = math.floor(self._tokens(full_in_s) + _TOLERANCE)
        return Level(left=max(0, left), full_in_s=full_in_s, wait_s=wait_s)

    def _tokens(self, full_in_s: float) -> float:
        """Return how many tokens a bucket holds; fewer than 0 are a debt."""
        return self.rate.count - full_in_s / self.rate.interval_s


@dataclass(frozen=True, kw_only=True)
class Level:
    """What a bucket holds after a request.

    ``wait_s`` is 0 unless the bucket held too little: then it is the time until it holds enough.
    """

    left: int
    full_in_s: float
    wait_s: float


class TokenBuckets(Protocol):
    """Buckets of tokens that come back at a rate."""

    def take(self, draws: Sequence[Draw]) -> list[Level]:
        """Take from all buckets, or from none if one of them holds too little.

        Raises
        ------
        ServiceUnavailable
            If the buckets can't be reached.
        """
        ...
