"""What the metrics are called, and that they tell of nobody."""

import re
from dataclasses import fields

import pytest
from prometheus_client import Counter, Gauge, Histogram

from core.host.metrics import metrics
from scripts.observe import SOURCE

LABELS = {
    "route",
    "method",
    "status",
    "code",
    "result",
    "limit",
    "use",
    "queue",
    "outcome",
    "stage",
    "state",
    "service",
    "billed",
    "engine",
    "executor",
    "device",
}
"""Each has few values, whatever is uploaded, enrolled or asked for."""


def each() -> list[Counter | Gauge | Histogram]:
    return [getattr(metrics(), field.name) for field in fields(metrics())]


@pytest.mark.parametrize("metric", each(), ids=lambda metric: metric._name)
def test_names_have_the_services_prefix_and_base_units(
    metric: Counter | Gauge | Histogram,
) -> None:
    assert re.fullmatch(r"efr_[a-z_]+", metric._name)
    assert not re.search(r"_(ms|kb|mb|percent|minutes)\b", metric._name)
    assert metric._documentation.endswith(".")
    assert set(metric._labelnames) <= LABELS


def test_gauges_of_ended_processes_are_not_shown() -> None:
    gauges = [metric for metric in each() if isinstance(metric, Gauge)]

    assert gauges
    assert all(gauge._multiprocess_mode.startswith("live") for gauge in gauges)


def test_what_alerts_count_begins_at_zero() -> None:
    shown = {
        (sample.name, *sample.labels.values())
        for metric in (metrics().errors, metrics().webhooks)
        for family in metric.collect()
        for sample in family.samples
    }
    looked_for = re.compile(r'(efr_\w+){(?:code|outcome)=~?"([A-Za-z_|]+)"}\[')
    rules = re.sub(r"\s", "", (SOURCE / "rules.yml").read_text())
    found = [
        (name, label) for name, labels in looked_for.findall(rules) for label in labels.split("|")
    ]

    assert len(found) >= 5
    assert {*found} <= shown
