"""How much each caller may ask for, by what its requests cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from core.access.limits.buckets import Draw, Level, TokenBuckets
from core.ground.rates import Kind, Rate, Subject

State = Literal["none", "process", "shared", "away"]

_WORDS: Final[dict[Kind, str]] = {
    "reads": "calls",
    "recognition": "photos to recognise",
    "bulk": "photos to enrol",
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a caller stands with one limit after a request."""

    kind: Kind
    subject: Subject
    rate: Rate
    level: Level

    @property
    def name(self) -> str:
        return _name(self.kind, self.subject)

    @property
    def text(self) -> str:
        """The limit in words."""
        return f"{self.rate.count} {_WORDS[self.kind]} per {self.rate.unit} and {self.subject}"


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """The limits of callers, by the kind of a request and by whose requests count together.

    ``state`` tells where the buckets are: nowhere without limits, in this process, or shared by
    all; away if those can't be reached, and this process counts by itself.
    """

    rates: Mapping[tuple[Kind, Subject], Rate]
    buckets: TokenBuckets
    state: Callable[[], State]

    def charge(
        self, kind: Kind, subjects: Mapping[Subject, str], *, cost: int = 1
    ) -> list[Standing]:
        """Charge a request, unless a limit would be passed; return how the caller then stands.

        Parameters
        ----------
        subjects : mapping
            Who calls: the id of a key, an address.
        cost : int
            What the request costs, in photos or calls.
        """
        known = [
            (subject, name, rate)
            for subject, name in subjects.items()
            if (rate := self.rates.get((kind, subject))) is not None
        ]
        if not known:
            return []
        levels = self.buckets.take(
            [
                Draw(limit=_name(kind, subject), subject=name, rate=rate, cost=cost)
                for subject, name, rate in known
            ]
        )
        return [
            Standing(kind=kind, subject=subject, rate=rate, level=level)
            for (subject, _, rate), level in zip(known, levels, strict=True)
        ]


def _name(kind: Kind, subject: Subject) -> str:
    return f"{kind}-{subject}"
