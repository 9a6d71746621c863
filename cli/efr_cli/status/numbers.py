"""The numbers that processes show to Prometheus: read, added up, and compared with earlier ones."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

Series = tuple[str, frozenset[tuple[str, str]]]
"""A name and its labels."""

_READ_S: Final = 3.0
_VALUE: Final = re.compile(r"[\w ./+<>:-]*", re.ASCII)
"""Of a label."""


class NotShown(Exception):
    """Raised when no metrics can be read at an address; says why."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Values by series, of one process or of several together."""

    values: Mapping[Series, float] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether there is a metric of that name."""
        return any(found == name for found, _ in self.values)

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the series that have these labels."""
        return sum(self.by(name, "", **labels).values())

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Return the sums for each value of a label, the largest first."""
        sums: dict[str, float] = defaultdict(float)
        for (found, given), value in self.values.items():
            if found == name and labels.items() <= dict(given).items():
                sums[dict(given).get(label, "")] += value
        return dict(sorted(sums.items(), key=lambda pair: -pair[1]))

    def quantile(self, quantile: float, name: str, **labels: str) -> float | None:
        """Return a quantile of a histogram, as ``histogram_quantile`` does; None without values."""
        counts = {
            math.inf if bound == "+Inf" else float(bound): count
            for bound, count in self.by(f"{name}_bucket", "le", **labels).items()
        }
        wanted = quantile * counts.get(math.inf, 0.0)
        if not wanted:
            return None
        low, below = 0.0, 0.0
        for bound, count in sorted(counts.items()):
            if count >= wanted:
                share = (wanted - below) / (count - below)
                return low if math.isinf(bound) else low + (bound - low) * share
            low, below = bound, count
        return low

    def since(self, earlier: "Numbers") -> "Numbers":
        """Return by how much counters have grown; one that fell has begun again."""
        grown = {}
        for series, value in self.values.items():
            before = earlier.values.get(series, 0.0)
            grown[series] = value - before if value >= before else value
        return Numbers(values=grown)


def most(parts: Iterable[Numbers], name: str, **labels: str) -> float | None:
    """Return the largest value of a gauge that has these labels; None without any."""
    wanted = set(labels.items())
    found = [
        value
        for part in parts
        for (series, given), value in part.values.items()
        if series == name and wanted <= given
    ]
    return max(found, default=None)


def together(parts: Iterable[Numbers]) -> Numbers:
    """Return the sums over processes."""
    sums: dict[Series, float] = defaultdict(float)
    for part in parts:
        for series, value in part.values.items():
            sums[series] += value
    return Numbers(values=sums)


def read(address: str) -> Numbers:
    """Return what the process at an address shows.

    Raises
    ------
    NotShown
        If nothing answers, or something else does.
    """
    import urllib3
    from prometheus_client.parser import text_string_to_metric_families

    try:
        answer = urllib3.request(
            "GET", f"http://{address}/metrics", timeout=_READ_S, retries=False, redirect=False
        )
        if answer.status != 200:
            raise NotShown(f"something else answers at {address}")
        families = list(text_string_to_metric_families(answer.data.decode()))
    except urllib3.exceptions.HTTPError:
        raise NotShown(f"nothing answers at {address}") from None
    except ValueError:
        raise NotShown(f"something else answers at {address}") from None
    samples = [
        sample for family in families for sample in family.samples if sample.name.startswith("efr_")
    ]
    if not all(map(_is_ours, samples)):
        raise NotShown(f"something else answers at {address}")
    return Numbers(
        values={
            (sample.name, frozenset(sample.labels.items())): float(sample.value)
            for sample in samples
        }
    )


def _is_ours(sample: "Sample") -> bool:
    """Tell whether one of our processes may show this: else it could say anything on a terminal."""
    return math.isfinite(sample.value) and all(map(_VALUE.fullmatch, sample.labels.values()))
