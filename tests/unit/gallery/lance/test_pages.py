"""Faces page by page, in order of ids, with few reads."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.gallery.lance import pages
from core.gallery.lance.index import LanceFaceIndex
from core.gallery.lance.newest_table import select
from core.ports import EnrolledFace

GALLERY = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32
LENGTH = 8
random = np.random.default_rng(11)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LanceFaceIndex]:
    index = LanceFaceIndex(str(tmp_path))
    for gallery_id in (GALLERY, OTHER):
        index.create(gallery_id, length=LENGTH)
    yield index
    index.close()


def faces(count: int, person: str | None = None) -> list[EnrolledFace]:
    return [
        EnrolledFace(
            face_id=str(uuid.uuid4()),
            person=person,
            image_id="a.jpg",
            embedding=random.normal(size=LENGTH).astype(np.float32),
        )
        for _ in range(count)
    ]


def all_pages(
    index: LanceFaceIndex, *, limit: int, meanwhile: Callable[[], object] = lambda: None
) -> list[EnrolledFace]:
    found: list[EnrolledFace] = []
    while page := index.page(GALLERY, limit=limit, after=found[-1].face_id if found else ""):
        found += page
        meanwhile()
    return found


def ids(found: list[EnrolledFace]) -> list[str]:
    return [face.face_id for face in found]


def test_pages_of_a_gallery_read_its_ids_once(
    index: LanceFaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled = faces(2_100)  # so many that they are in the table
    index.put(GALLERY, enrolled)
    read = [0]

    def counted(*arguments: Any, **options: Any) -> Any:
        rows = select(*arguments, **options)
        read[0] += len(rows)
        return rows

    monkeypatch.setattr("core.gallery.lance.pages.select", counted)

    assert ids(all_pages(index, limit=100)) == sorted(ids(enrolled))
    assert read[0] == len(enrolled)


@pytest.mark.parametrize("kept", [1, 40, 300])
def test_page_knows_what_changed_since_the_one_before(
    index: LanceFaceIndex, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(pages, "_KEPT", kept)
    enrolled = sorted(faces(2_100), key=lambda face: face.face_id)
    index.put(GALLERY, enrolled)
    index.put(GALLERY, enrolled[:3] + enrolled[1000:1100])  # in the journal, too
    # One by one they come at the end, or go from there, before the last pages are read.
    late = sorted(faces(200, "Late"), key=lambda face: face.face_id)[-15:]
    erased = enrolled[-30:-15]

    def change() -> None:
        if late:
            index.put(GALLERY, [late.pop()])
        elif erased:
            index.erase(GALLERY, [erased.pop().face_id])

    expected = sorted({*ids(enrolled), *ids(late)} - {*ids(erased)})
    found = ids(all_pages(index, limit=50, meanwhile=change))

    assert found == expected


def test_face_that_came_into_the_table_since_is_on_its_page(index: LanceFaceIndex) -> None:
    enrolled, late = faces(2_100), faces(2_100)
    index.put(GALLERY, enrolled)
    (first,) = index.page(GALLERY, limit=1)
    index.put(GALLERY, late)

    page = index.page(GALLERY, limit=100, after=first.face_id)

    behind = sorted(each for each in ids(enrolled + late) if each > first.face_id)
    assert ids(page) == behind[:100]


def test_gallery_that_was_made_again_is_read_again(index: LanceFaceIndex, tmp_path: Path) -> None:
    index.put(GALLERY, faces(2_100))
    first = index.page(GALLERY, limit=10)
    other_process = LanceFaceIndex(str(tmp_path))
    other_process.drop(GALLERY)
    other_process.create(GALLERY, length=LENGTH)
    enrolled = sorted(faces(2_100), key=lambda face: face.face_id)
    other_process.put(GALLERY, enrolled)
    other_process.close()

    page = index.page(GALLERY, limit=10, after=first[0].face_id)

    assert ids(page) == [each for each in ids(enrolled) if each > first[0].face_id][:10]


def test_two_galleries_are_not_mixed_up(index: LanceFaceIndex) -> None:
    enrolled, others = faces(2_100), faces(2_100)
    index.put(GALLERY, enrolled)
    index.put(OTHER, others)

    for _ in range(2):
        assert ids(index.page(GALLERY, limit=100)) == sorted(ids(enrolled))[:100]
        assert ids(index.page(OTHER, limit=100)) == sorted(ids(others))[:100]
