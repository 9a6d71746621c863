"""The tables of ``docs/logs.md``: every line that the service logs, and what counts them."""

import ast
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.common.tables import table as as_table

ROOT: Final = Path(__file__).resolve().parents[1]
FILTERS: Final = ROOT / "deploy/cloudwatch/metric_filters.json"
_PARTS: Final = ("core", "web-tier")
_LEVELS: Final = {
    "debug": "DEBUG",
    "info": "INFO",
    "warning": "WARNING",
    "error": "ERROR",
    "exception": "ERROR",
    "critical": "CRITICAL",
}
_LOGGERS: Final = {"log", "_log"}


@dataclass(frozen=True, order=True)
class Line:
    """A line of the log: its text, level and the fields of its own."""

    message: str
    level: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A metric filter of CloudWatch's, as ``deploy/cloudwatch/metric_filters.json`` lists it."""

    name: str
    says: str
    log_group: str
    pattern: str
    metric: str
    value: str
    default: str | None
    unit: str
    dimensions: dict[str, str]


def filters() -> list[Filter]:
    """Return the metric filters in the order of their file."""
    return [Filter(**each) for each in json.loads(FILTERS.read_text())]


def filter_table() -> str:
    """Return the metric filters as a table."""
    rows = []
    for one in filters():
        by = ", ".join(one.dimensions)
        pattern = one.pattern.replace("|", "\\|")
        metric = f"`{one.metric}`" + (f" by {by}" if by else "")
        rows.append([one.log_group, metric, one.says, f"`{pattern}`"])
    return as_table(["log of", "metric", "counts or measures", "pattern"], rows)


@functools.cache
def lines() -> list[Line]:
    """Return every line that is logged, once, with the fields of all places that log it."""
    files = (file for part in _PARTS for file in sorted((ROOT / part).rglob("*.py")))
    fields: dict[tuple[str, str], dict[str, None]] = {}
    for line in (line for file in files for line in _of(file)):
        fields.setdefault((line.message, line.level), {}).update(dict.fromkeys(line.fields))
    return sorted(Line(message, level, tuple(found)) for (message, level), found in fields.items())


def table() -> str:
    """Return the lines as a table."""
    rows = [
        [f"`{line.message}`", line.level, ", ".join(f"`{field}`" for field in line.fields)]
        for line in lines()
    ]
    return as_table(["message", "level", "fields"], rows)


def _of(file: Path) -> Iterator[Line]:
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=logger, attr=method),
                args=[ast.Constant(value=str(message)), *_],
            ) if method in _LEVELS and _is_logger(logger):
                yield Line(message, _LEVELS[method], tuple(_fields(node)))


def _is_logger(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id in _LOGGERS) or (
        isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger"
    )


def _fields(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
            for key in keyword.value.keys:
                if isinstance(key, ast.Constant):
                    yield str(key.value)
