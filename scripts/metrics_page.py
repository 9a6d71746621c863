"""The table of ``docs/metrics.md``: every metric, its labels, and what it says."""

from dataclasses import fields

from benchmarks.common.tables import table as as_table
from core.host.metrics import metrics


def table() -> str:
    """Return the metrics under the names that Prometheus keeps them by."""
    rows = []
    for field in fields(metrics()):
        metric = getattr(metrics(), field.name)
        name = f"{metric._name}_total" if metric._type == "counter" else metric._name
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        rows.append([f"`{name}`", metric._type, labels, metric._documentation])
    return as_table(["metric", "kind", "labels", ""], rows)
