"""The table of the chart's values in docs/deploy-kubernetes.md, from the comments of its file."""

import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.common.tables import table

VALUES: Final = (
    Path(__file__).resolve().parents[2] / "deploy/helm/elastic-face-recognition/values.yaml"
)
_KEY: Final = re.compile(r"( *)([A-Za-z]\w*):")


def described(text: str) -> Iterator[tuple[str, str]]:
    """Yield each value that a comment describes, by its path, and what the comment says."""
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        key = _KEY.match(line)
        if line.lstrip().startswith("#"):
            comment.append(line.strip("# "))
        elif key:
            path = [*path[: len(key[1]) // 2], key[2]]
            if comment:
                yield ".".join(path), " ".join(comment)
            comment = []
        else:
            comment = []


def default_of(path: str, values: dict[str, Any]) -> str:
    """Return a value as it stands in the file, on one line."""
    value = reduce(lambda part, name: part[name], path.split("."), values)
    if path == "settings":
        return "those of `.env.example`, but for a cluster"
    if value in ("", [], {}):
        return ""
    if isinstance(value, (dict, list)):
        flow = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
        return f"`{flow.strip()}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def values_table() -> str:
    """Return the table."""
    text = VALUES.read_text()
    values = yaml.safe_load(text)
    rows = [[f"`{path}`", default_of(path, values), words] for path, words in described(text)]
    return table(["value", "default", ""], rows)
