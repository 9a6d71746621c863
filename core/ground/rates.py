"""How much is allowed in a time, as the settings say it: ``600/minute``."""

import re
from dataclasses import dataclass
from typing import Final, Literal, Self

Kind = Literal["reads", "recognition", "bulk"]
"""What a limit counts: calls without a photo, photos to be recognised, photos to be enrolled."""
Subject = Literal["key", "address"]
"""Whose calls a limit counts together."""

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE: Final = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour|day)")


@dataclass(frozen=True)
class Rate:
    """A number in a unit of time, both at a steady pace and at once."""

    count: int
    unit: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the rate that a text means; raise ``ValueError`` if it means none."""
        found = _RATE.fullmatch(text.strip())
        if found is None:
            raise ValueError(
                f"must be like 600/minute (or second, hour, day), or off, not {text!r}"
            )
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.count}/{self.unit}"

    @property
    def period_s(self) -> int:
        return _SECONDS[self.unit]

    @property
    def interval_s(self) -> float:
        """The time in which one comes back."""
        return self.period_s / self.count
