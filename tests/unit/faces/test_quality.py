import numpy as np
import pytest

from core.faces.alignment import AlignedFace
from core.faces.detection import Detection
from core.faces.geometry import Box, Point
from core.faces.quality import Flaw, assess, turn

_FRONTAL: dict[str, Point] = {
    "left_eye": (95.0, 60.0),
    "right_eye": (55.0, 60.0),
    "nose": (75.0, 90.0),
}


def _face(
    *, contrast: float = 120, brightness: float = 120, landmarks: dict[str, Point] | None = None
) -> AlignedFace:
    """Return a chip of stripes, four pixels wide."""
    stripes = np.where(np.arange(150) // 4 % 2, contrast / 2, -contrast / 2) + brightness
    chip = np.broadcast_to(stripes[:, None, None], (150, 150, 3)).clip(0, 255).astype(np.uint8)
    return AlignedFace(landmarks=landmarks or _FRONTAL, chip=np.ascontiguousarray(chip))


def _detection(side: float = 100, score: float = 1.0) -> Detection:
    box = Box(left=0, top=0, right=side, bottom=side)
    return Detection(box=box, landmark_box=box, score=score)


def test_large_sharp_frontal_bright_sure_face_has_quality_100() -> None:
    quality = assess(_face(), _detection(), sure_score=0.75)

    assert quality.score == 100
    assert quality.flaws == ()


@pytest.mark.parametrize(
    ("face", "detection", "flaw"),
    [
        (_face(), _detection(side=20), Flaw.SMALL_BOUNDING_BOX),
        (_face(contrast=0.5), _detection(), Flaw.LOW_SHARPNESS),
        (_face(brightness=5, contrast=10), _detection(), Flaw.LOW_BRIGHTNESS),
        (
            _face(landmarks=_FRONTAL | {"nose": (90.0, 90.0)}),
            _detection(),
            Flaw.EXTREME_POSE,
        ),
        (_face(), _detection(score=0.6), Flaw.LOW_CONFIDENCE),
    ],
)
def test_each_flaw_is_named_alone_and_halves_the_quality(
    face: AlignedFace, detection: Detection, flaw: Flaw
) -> None:
    quality = assess(face, detection, sure_score=0.75)

    assert quality.flaws == (flaw,)
    assert quality.score < 50


def test_turn_does_not_change_when_the_whole_face_is_tilted() -> None:
    angle = 0.6
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    tilted: dict[str, Point] = {
        name: (float(x), float(y))
        for name, (x, y) in ((name, rotation @ point) for name, point in _FRONTAL.items())
    }

    assert turn(_face(landmarks=tilted)) == pytest.approx(turn(_face()), abs=1e-9)


def test_face_without_distance_between_the_eyes_is_turned_away() -> None:
    landmarks = _FRONTAL | {"left_eye": _FRONTAL["right_eye"]}

    assert turn(_face(landmarks=landmarks)) == 1
