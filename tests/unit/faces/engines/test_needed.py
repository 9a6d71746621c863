"""An engine does no more of its work than a call needs."""

import io
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.faces.detection.detection import Detection
from core.faces.engines.engine import FoundFace, PhotoEngine
from core.faces.geometry import Box
from core.faces.photos import images
from core.faces.photos.decoding import Decoded, decode
from core.faces.photos.images import Photo
from core.faces.recognition.quality import Quality
from core.faces.results import EVERY_FACE, LARGEST_FACE, NO_EMBEDDING, Model, Needed
from core.testing import ManualClock

_CHIP = np.zeros((150, 150, 3), dtype=np.uint8)


class Crowd:
    """Sees so many faces on every photo, and notes how many it aligns."""

    def __init__(self, faces: int) -> None:
        self.aligned = 0
        box = Box(left=0, top=0, right=9, bottom=9)
        self._faces = [Detection(box=box, landmark_box=box, score=1.0)] * faces

    def detect(self, photo: Photo) -> list[Detection]:
        return self._faces

    def align(self, photo: Photo, detected: list[Detection]) -> list[FoundFace]:
        self.aligned += len(detected)
        quality = Quality(score=100.0, flaws=())
        return [
            FoundFace(detection=face, landmarks={}, roll=0.0, quality=quality, chip=_CHIP)
            for face in detected
        ]


class Counter:
    """Counts the chips that it embeds."""

    model = Model(name="counter", version="1")

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, chips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.embedded += len(chips)
        return np.ones((len(chips), 128), dtype=np.float32)


def _photo() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (9, 9)).save(buffer, "PNG")
    return buffer.getvalue()


def _engine(crowd: Crowd, counter: Counter) -> PhotoEngine[Detection]:
    return PhotoEngine(finder=crowd, embedder=counter, max_pixels=100, max_faces=7)


@pytest.mark.parametrize(
    ("needed", "aligned", "embedded"),
    [
        (EVERY_FACE, 7, 7),
        (NO_EMBEDDING, 7, 0),
        (LARGEST_FACE, 1, 1),
        (Needed(embedded=3), 7, 3),
        (Needed(embedded=50), 7, 7),
    ],
)
def test_only_needed_faces_are_aligned_and_embedded(
    needed: Needed, aligned: int, embedded: int
) -> None:
    crowd, counter = Crowd(10), Counter()

    answer = _engine(crowd, counter).recognise(_photo(), needed)

    assert (crowd.aligned, counter.embedded) == (aligned, embedded)
    assert [face.embedding.size for face in answer.faces] == [128] * embedded + [0] * (
        aligned - embedded
    )
    assert len(answer.faces) + answer.left_out_faces == 10


def test_time_is_that_of_the_faces_that_were_embedded() -> None:
    engine = _engine(Crowd(10), Counter())

    assert engine.recognise(_photo(), NO_EMBEDDING).timings_ms["embed"] == 0
    assert engine.recognise(_photo(), EVERY_FACE).timings_ms["embed"] > 0


def test_decoding_is_a_stage_of_its_own_within_which_stage_it_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()

    def decoding(*given: Any, **options: Any) -> Decoded:
        clock.advance(3)
        return decode(*given, **options)

    class Slow(Crowd):
        def detect(self, photo: Photo) -> list[Detection]:
            clock.advance(2)
            photo.resized(1)
            return super().detect(photo)

    monkeypatch.setattr(time, "perf_counter", clock)
    monkeypatch.setattr(images, "decode", decoding)

    spent = _engine(Slow(1), Counter()).recognise(_photo(), NO_EMBEDDING).timings_ms

    assert (spent["decode"], spent["detect"], spent["align"]) == (3000, 2000, 0)
