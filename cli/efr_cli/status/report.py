"""What two looks at a service tell."""

from dataclasses import asdict, dataclass
from typing import Any

from efr_cli.status.alerts import Alert, alerts
from efr_cli.status.figures import Figures, figures
from efr_cli.status.look import Look
from efr_cli.status.numbers import together


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Workers and their children. ``wanted`` and ``most`` are None without an autoscaler."""

    there: int
    wanted: int | None
    most: int | None
    children: int | None
    children_busy: int | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is now, what was counted between two looks and since the start, and what is wrong."""

    look: Look
    workers: Workers
    lately: Figures
    since_start: Figures
    alerts: list[Alert]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong and everything could be seen."""
        return not self.alerts and not self.look.unseen

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.look.at.isoformat(timespec="seconds"),
            "is_well": self.is_well,
            "alerts": [asdict(alert) for alert in self.alerts],
            "unseen": list(self.look.unseen),
            "queues": [asdict(queue) for queue in self.look.queues],
            "workers": asdict(self.workers),
            "lately": asdict(self.lately),
            "since_start": asdict(self.since_start),
        }


def report(before: Look, now: Look) -> Report:
    """Compare two looks."""
    lately = figures(now.since(before), (now.at - before.at).total_seconds())
    return Report(
        look=now,
        workers=_workers(now),
        lately=lately,
        since_start=figures(now.numbers, None),
        alerts=alerts(before, now, lately),
    )


def _workers(now: Look) -> Workers:
    numbers = together(now.workers)
    most = round(now.most("efr_workers", state="most") or 0)
    started = round(now.most("efr_workers", state="there") or 0)
    alone = sum(part.total("efr_children") > 0 for part in now.workers)
    has_children = numbers.has("efr_children")
    return Workers(
        there=max(started, alone),
        # An autoscaler that may start none only counts the queues.
        wanted=round(now.most("efr_workers", state="wanted") or 0) if most else None,
        most=most or None,
        children=round(numbers.total("efr_children")) if has_children else None,
        children_busy=round(numbers.total("efr_children_busy")) if has_children else None,
    )
