"""The alerts of ``deploy/prometheus/rules.yml``, and a copy of some whose times are shorter.

An alert on the last hours can neither fire nor resolve while somebody waits. Its copy differs in
one thing only: each window and each ``for`` is shorter by the same factor. Thresholds stay.
"""

import re
from collections.abc import Collection
from copy import deepcopy
from typing import Any, Final

import yaml

from scripts.observe import SOURCE

FACTOR: Final = 10
"""By how much copies are quicker, unless it is said."""
HURRIED: Final = {"pace": "hurried"}
"""Label of the copies."""
LONG: Final = frozenset(
    {"RequestsFailFast", "RequestsFailSlowly", "AllWorkersAtWork", "WebhookGivenUp"}
)
"""Alerts that look at more than two minutes, to fire or to resolve."""

_WINDOW: Final = re.compile(r"\[(\w+)\]")
_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000}


def alert_rules() -> list[dict[str, Any]]:
    """Return the alerts that are shipped, as their file has them."""
    read = yaml.safe_load((SOURCE / "rules.yml").read_text())
    return [rule for group in read["groups"] for rule in group["rules"]]


def hurried(names: Collection[str] = LONG, factor: float = FACTOR) -> dict[str, Any]:
    """Return a file of rules with the quicker copies of some alerts."""
    copies = [_quicker(rule, factor) for rule in alert_rules() if rule["alert"] in names]
    return {"groups": [{"name": "hurried", "rules": copies}]}


def _quicker(rule: dict[str, Any], factor: float) -> dict[str, Any]:
    copy = deepcopy(rule)
    copy["expr"] = _WINDOW.sub(lambda found: f"[{_shorter(found[1], factor)}]", rule["expr"])
    if "for" in rule:
        copy["for"] = _shorter(rule["for"], factor)
    copy["labels"] |= HURRIED
    return copy


def _shorter(time: str, factor: float) -> str:
    return f"{round(int(time[:-1]) * _MS[time[-1]] / factor)}ms"
