"""What lowers a face's quality, and that neither light nor skin does."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy.poor_faces import FaceReader, SeenFace
from benchmarks.accuracy.poor_photos import KINDS, Frame
from core.faces.detection.detection import Detection
from core.faces.geometry import Box, Point
from core.faces.recognition.alignment import AlignedFace
from core.faces.recognition.quality import Flaw, Quality, Scale, assess, missing_share, off_frontal
from tests.support.photos import SAMPLES, shared_folder

_FRONTAL: dict[str, Point] = {
    "left_eye": (95.0, 60.0),
    "right_eye": (55.0, 60.0),
    "nose": (75.0, 90.0),
}
_SIZE = (200, 200)
_PEOPLE = 12


@pytest.fixture(scope="module")
def chip() -> NDArray[np.uint8]:
    """Return a face from the samples, cut as the engine does it."""
    from core.faces.models.model_files import LANDMARKS_5, model_file

    file = SAMPLES / "Barack Obama" / "obama.jpg"
    if not file.is_file():
        pytest.skip(f"{file} is missing: run 'make samples'")
    image = Image.open(file).convert("RGB")
    image.thumbnail((500, 500))
    pixels = np.asarray(image)
    (place,) = dlib.get_frontal_face_detector()(pixels, 0)
    shape = dlib.shape_predictor(str(model_file(LANDMARKS_5)))(pixels, place)
    cut: NDArray[np.uint8] = dlib.get_face_chip(pixels, shape, 150, 0.25)
    return cut


def _detection(side: float = 100, score: float = 1.0) -> Detection:
    box = Box(left=0, top=0, right=side, bottom=side)
    return Detection(box=box, landmark_box=box, score=score)


def _judged(
    chip: NDArray[np.uint8],
    *,
    landmarks: dict[str, Point] | None = None,
    side: float = 100,
    score: float = 1.0,
) -> Quality:
    face = AlignedFace(landmarks=landmarks or _FRONTAL, chip=chip)
    return assess(face, _detection(side, score), sure_score=0.75, photo_size=_SIZE)


def _brighter(chip: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    return (chip.astype(np.float32) * factor).clip(0, 255).astype(np.uint8)


def test_large_sharp_frontal_bright_sure_face_has_quality_100(chip: NDArray[np.uint8]) -> None:
    quality = _judged(chip)

    assert quality.score == 100
    assert quality.flaws == ()


@pytest.mark.parametrize("factor", [0.45, 0.7, 1.2])
def test_darker_and_lighter_skin_in_enough_light_is_as_good(
    chip: NDArray[np.uint8], factor: float
) -> None:
    assert _judged(_brighter(chip, factor)).score == 100


@pytest.mark.parametrize(
    ("landmarks", "side", "score", "flaw"),
    [
        (None, 20, 1.0, Flaw.SMALL_BOUNDING_BOX),
        (_FRONTAL | {"nose": (93.0, 90.0)}, 100, 1.0, Flaw.EXTREME_POSE),
        (None, 100, 0.6, Flaw.LOW_CONFIDENCE),
        (
            {name: (x - 75, y) for name, (x, y) in _FRONTAL.items()},
            100,
            1.0,
            Flaw.OCCLUDED_FACE,
        ),
    ],
)
def test_what_the_detector_tells_is_named_alone(
    chip: NDArray[np.uint8],
    landmarks: dict[str, Point] | None,
    side: float,
    score: float,
    flaw: Flaw,
) -> None:
    quality = _judged(chip, landmarks=landmarks, side=side, score=score)

    assert quality.flaws == (flaw,)
    assert quality.score < 50


@pytest.mark.parametrize("rising", [True, False])
def test_grade_is_a_half_where_a_property_begins_to_be_a_flaw(rising: bool) -> None:
    ends = (1.0, 3.0, 4.0) if rising else (4.0, 3.0, 1.0)
    scale = Scale(useless=ends[0], flawed=ends[1], perfect=ends[2])

    assert [scale.grade(value) for value in (*ends, -9, 9)] == [
        0,
        0.5,
        1,
        *((0, 1) if rising else (1, 0)),
    ]


def test_turn_does_not_change_when_the_whole_face_is_tilted(chip: NDArray[np.uint8]) -> None:
    angle = 0.6
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    tilted: dict[str, Point] = {
        name: (float(x), float(y))
        for name, (x, y) in ((name, rotation @ point) for name, point in _FRONTAL.items())
    }

    one, other = (AlignedFace(landmarks=points, chip=chip) for points in (tilted, _FRONTAL))
    assert off_frontal(one) == pytest.approx(off_frontal(other), abs=1e-9)


def test_face_without_distance_between_the_eyes_is_turned_away(chip: NDArray[np.uint8]) -> None:
    landmarks = _FRONTAL | {"left_eye": _FRONTAL["right_eye"]}

    assert off_frontal(AlignedFace(landmarks=landmarks, chip=chip)) == 1


@pytest.mark.parametrize(("shift", "missing"), [(0, 0.0), (75, 0.5), (1000, 1.0)])
def test_missing_share_counts_what_lies_outside_of_the_photo(
    chip: NDArray[np.uint8], shift: float, missing: float
) -> None:
    landmarks = {name: (x - shift, y) for name, (x, y) in _FRONTAL.items()}

    found = missing_share(AlignedFace(landmarks=landmarks, chip=chip), _SIZE)

    assert found == pytest.approx(missing, abs=0.1)


@pytest.fixture(scope="module")
def reader(models_with_yunet: Path) -> FaceReader:
    return FaceReader(models_with_yunet)


@pytest.fixture(scope="module")
def worsened(reader: FaceReader) -> Callable[[str], list[SeenFace]]:
    """Return a function from a kind to faces of a dozen people in such photos."""
    people = sorted((shared_folder("lfw-view1") / "images").iterdir())
    files = [sorted(person.glob("*.jpg"))[0] for person in people[7::250][:_PEOPLE]]
    photos = [Image.open(file).convert("RGB") for file in files]
    frames = [
        Frame.of(seen.face.landmarks, seen.detection.box)
        for seen in map(reader.read, photos)
        if seen is not None
    ]

    def faces(kind: str) -> Iterator[SeenFace]:
        for number, (photo, frame) in enumerate(zip(photos, frames, strict=True)):
            seen = reader.read(KINDS[kind](photo, frame, np.random.default_rng(number)))
            if seen is not None:
                yield seen

    return lambda kind: list(faces(kind))


@pytest.mark.parametrize("kind", ["good", "hat", "dark × 0.3", "JPEG of quality 10"])
def test_photos_that_are_recognised_as_well_as_good_ones_stay_good(
    worsened: Callable[[str], list[SeenFace]], kind: str
) -> None:
    scores = [seen.quality.score for seen in worsened(kind)]

    assert len(scores) == _PEOPLE
    assert sum(score >= 50 for score in scores) >= _PEOPLE - 1


@pytest.mark.parametrize(
    ("kind", "flaw"),
    [
        ("blur of 3 px", Flaw.LOW_SHARPNESS),
        ("motion blur of 13 px", Flaw.LOW_SHARPNESS),
        ("face of 18 px", Flaw.SMALL_BOUNDING_BOX),
        ("mask", Flaw.OCCLUDED_FACE),
        ("sunglasses", Flaw.OCCLUDED_FACE),
        ("half cut off", Flaw.OCCLUDED_FACE),
        ("dark × 0.08", Flaw.LOW_BRIGHTNESS),
        ("dark × 0.3 with noise", Flaw.HIGH_NOISE),
        ("burnt out × 2.5", Flaw.HIGH_BRIGHTNESS),
        ("half in shadow", Flaw.UNEVEN_BRIGHTNESS),
        ("JPEG of quality 5", Flaw.HIGH_COMPRESSION),
    ],
)
def test_poor_photos_have_a_low_quality_and_the_reason(
    worsened: Callable[[str], list[SeenFace]], kind: str, flaw: Flaw
) -> None:
    faces = worsened(kind)

    assert np.median([seen.quality.score for seen in faces]) < 50
    assert Counter(flaw for seen in faces for flaw in seen.quality.flaws)[flaw] > len(faces) / 2
