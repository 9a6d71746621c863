"""What the demonstration draws."""

from pathlib import Path

from harness.demo_elastic import draw, series
from harness.load_clients import Answer
from harness.timeline import Moment

MOMENTS = [
    Moment(at_s=0.5, visible=2, in_flight=1, workers=0, parent_mb=0, written_mb=0),
    Moment(at_s=1.0, visible=None, in_flight=None, workers=2, parent_mb=90, written_mb=70),
]
ANSWERS = [
    Answer(photo="a", expected="Ada", due_s=0, seconds=3),
    Answer(photo="b", expected="Ada", due_s=0, seconds=2),
]


def test_answers_are_drawn_where_they_came() -> None:
    drawn = series(MOMENTS, ANSWERS)

    assert drawn["jobs"].points == ((0.5, 3.0), (1.0, 0.0))
    assert drawn["workers"].points == ((0.5, 0.0), (1.0, 2.0))
    assert drawn["seconds"].points == ((2, 2), (3, 3))


def test_picture_is_a_png(tmp_path: Path) -> None:
    draw(MOMENTS, ANSWERS, tmp_path / "demo" / "elastic.png")

    assert (tmp_path / "demo" / "elastic.png").read_bytes().startswith(b"\x89PNG")
