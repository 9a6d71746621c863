"""Files that the fuzzer made while it looked for new ways through readers and decoder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import InvalidPhoto
from core.faces.photos.photo_header import inspect_photo
from tests.support.photos import ROOT

CORPUS = ROOT / "tests" / "fuzz_corpus"
MOST_BYTES = 200_000

_DECODE = """
import resource, sys, warnings
from pathlib import Path

resource.setrlimit(resource.RLIMIT_DATA, (2**31, 2**31))
warnings.simplefilter("ignore")
from core.errors import InvalidPhoto
from core.faces.geometry import Box
from core.faces.photos.images import Photo

for name in sys.stdin.read().splitlines():
    print(name, flush=True)
    try:
        photo = Photo(Path(name).read_bytes(), max_pixels=4_000_000)
        photo.resized(0.2)
        photo.region(Box(left=0, top=0, right=9, bottom=9), factor=1.0)
        assert photo.resized(1.0).shape[:2] == (photo.height, photo.width), name
    except InvalidPhoto:
        continue
print("all were looked at")
"""


def files(target: str) -> list[Path]:
    found = sorted((CORPUS / target).iterdir())
    assert found
    return found


def test_corpus_is_small() -> None:
    sizes = [file.stat().st_size for file in (*files("header"), *files("decoder"))]

    assert sum(sizes) < MOST_BYTES


@pytest.mark.parametrize("target", ["header", "decoder"])
def test_header_of_every_file_is_an_answer_or_a_typed_error(target: str) -> None:
    for file in files(target):
        try:
            header = inspect_photo(file.read_bytes(), max_pixels=4_000_000)
        except InvalidPhoto:
            continue
        assert 0 < header.width * header.height <= 4_000_000


@pytest.mark.parametrize("target", ["header", "decoder"])
def test_every_file_is_decoded_or_a_typed_error(target: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", _DECODE],
        input="\n".join(map(str, files(target))),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},  # noqa: TID251
    )

    last = finished.stdout.splitlines()[-1:]
    assert last == ["all were looked at"], f"{last}: {finished.stderr[-2000:]}"
