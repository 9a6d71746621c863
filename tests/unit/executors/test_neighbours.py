"""Web processes that lend each other children."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidImage, TooBusy
from core.executors.neighbours import Neighbours
from core.faces.results import LARGEST_FACE, Recognition
from tests.support.faces import face, recognition


@dataclass(kw_only=True)
class FakePool:
    """Children that are free or not, and what they answer."""

    answer: Recognition | Exception = field(default_factory=lambda: recognition(face()))
    is_free: bool = True
    seems_free: bool | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def has_free(self) -> bool:
        return self.is_free if self.seems_free is None else self.seems_free

    def recognise(self, photo: bytes, *, patience_s: float, **how: Any) -> Recognition:
        self.asked.append({"photo": photo, "patience_s": patience_s, **how})
        if not self.is_free:
            raise TooBusy("all children are busy")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:  # a socket's path must be short
        yield Path(made)


def started(pool: FakePool, folder: Path) -> Neighbours:
    neighbours = Neighbours(pool, folder, answer_s=30)
    neighbours.start()
    return neighbours


def test_own_child_is_taken_while_one_is_free(folder: Path) -> None:
    own, other = FakePool(), FakePool()
    started(other, folder)

    started(own, folder).recognise(b"photo", patience_s=10)

    assert [call["photo"] for call in own.asked] == [b"photo"]
    assert other.asked == []


def test_neighbour_answers_when_the_own_children_are_busy(folder: Path) -> None:
    other = FakePool(answer=recognition(face(0.5), face(0.7)))
    started(other, folder)

    found = started(FakePool(is_free=False), folder).recognise(
        b"photo", patience_s=10, needed=LARGEST_FACE
    )

    assert [one.embedding[0] for one in found.faces] == [pytest.approx(0.5), pytest.approx(0.7)]
    assert other.asked == [{"photo": b"photo", "patience_s": 0, "needed": LARGEST_FACE}]


def test_what_a_neighbours_child_met_is_raised_here(folder: Path) -> None:
    started(FakePool(answer=InvalidImage("the image data is damaged")), folder)

    with pytest.raises(InvalidImage, match="the image data is damaged"):
        started(FakePool(is_free=False), folder).recognise(b"photo", patience_s=10)


@pytest.mark.parametrize("seems_free", [False, True])
def test_caller_is_refused_when_all_are_busy(folder: Path, *, seems_free: bool) -> None:
    own, other = FakePool(is_free=False), FakePool(is_free=False, seems_free=seems_free)
    started(other, folder)

    with pytest.raises(TooBusy):
        started(own, folder).recognise(b"photo", patience_s=0.3)

    assert len(own.asked) > 1
    assert bool(other.asked) == seems_free


def test_neighbour_that_is_no_more_is_passed_over(folder: Path) -> None:
    (folder / "0-gone").touch()
    started(FakePool(), folder)

    assert started(FakePool(is_free=False), folder).recognise(b"photo", patience_s=10).faces
