"""The page on search shows what the artifact holds."""

import json
from typing import Any

import pytest

from tests.support.photos import ROOT

PAGE = (ROOT / "docs" / "search.md").read_text()
RANK1: dict[str, Any] = json.loads((ROOT / "docs" / "benchmarks" / "rank1.json").read_text())


@pytest.mark.parametrize(
    ("row", "rates"),
    [
        ("the service", RANK1["service"]),
        ("brute force on the same embeddings", RANK1["exact_of_same_embeddings"]),
        ("brute force on dlib's own embeddings", RANK1["exact_of_dlib"]["0.52"]),
        ("the same, with face_recognition's tolerance", RANK1["exact_of_dlib"]["0.6"]),
    ],
)
def test_rates_are_those_of_the_artifact(row: str, rates: dict[str, float]) -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {row} |"))

    names = ("rank_1", "named_rightly", "unknown", "named_wrongly", "strangers_named")
    assert [cell.strip() for cell in line.split("|")[3:-1]] == [
        f"{rates[name] * 100:.2f} %" for name in names
    ]
