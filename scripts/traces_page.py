"""The table of ``docs/traces.md``: every kind of span and what it tells."""

from benchmarks.common.tables import table as as_table
from core.host.tracing import SPANS


def table() -> str:
    """Return the kinds of spans in the order of an upload's."""
    rows = [
        [f"`{name}`", kind.by, kind.says, ", ".join(f"`{each}`" for each in kind.attributes)]
        for name, kind in SPANS.items()
    ]
    return as_table(["span", "made by", "is the time in which", "attributes"], rows)
