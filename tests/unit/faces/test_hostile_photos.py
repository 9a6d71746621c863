import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = Path(__file__).with_name("recognise_each.py")
_ROOT = Path(__file__).resolve().parents[3]
_MAX_PIXELS = 130_000_000
_MOST_SECONDS = 5
_MOST_BYTES = 700_000_000

_TYPED = {
    "EMPTY_FILE",
    "UNSUPPORTED_IMAGE",
    "TOO_MANY_PIXELS",
    "ANIMATED_IMAGE",
    "TRUNCATED_IMAGE",
    "INVALID_IMAGE",
}


@pytest.fixture(scope="module")
def endings(shared_data: Path, models_with_yunet: Path) -> list[dict[str, Any]]:
    """Return what became of each broken, hostile, odd or very large file."""
    files = [
        str(file)
        for folder in ("broken-half", "very-large")
        for file in sorted((shared_data / folder).rglob("*"))
        if file.is_file() and file.suffix not in (".csv", ".txt")
    ]
    finished = subprocess.run(
        [sys.executable, str(_SCRIPT), str(models_with_yunet), str(_MAX_PIXELS), *files],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},  # noqa: TID251
    )
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    assert len(lines) == len(files)
    return lines


def test_every_hostile_file_gives_an_answer_or_a_typed_error(
    endings: list[dict[str, Any]],
) -> None:
    surprises = {
        line["file"]: line["ending"]
        for line in endings
        if line["ending"] not in _TYPED | {"answer"}
    }

    assert surprises == {}


def test_no_hostile_file_takes_five_seconds(endings: list[dict[str, Any]]) -> None:
    slowest = max(endings, key=lambda line: line["seconds"])

    assert slowest["seconds"] < _MOST_SECONDS, slowest


def test_no_hostile_file_takes_700_megabytes(endings: list[dict[str, Any]]) -> None:
    largest = max(endings, key=lambda line: line["peak_bytes"])

    assert largest["peak_bytes"] < _MOST_BYTES, largest


def test_photo_of_127_megapixels_is_answered(endings: list[dict[str, Any]]) -> None:
    (line,) = [line for line in endings if line["file"].endswith("127MP.jpg")]

    assert (line["ending"], line["faces"]) == ("answer", 1)
    assert (line["width"], line["height"]) == (9183, 13800)
