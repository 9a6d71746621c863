"""What only Milvus Lite shows: a file that outlives its process, and a size limit."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidRequest
from core.gallery.remote.milvus_index import MilvusFaceIndex
from tests.support.indexes import LENGTH, face_at, new_gallery, point, release_milvus


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "faces.db"
    release_milvus(tmp_path / "faces.db")


def test_faces_are_found_after_a_restart(file: Path) -> None:
    gallery_id, ada = new_gallery(), face_at(1)
    before = MilvusFaceIndex(str(file))
    before.create(gallery_id, length=LENGTH)
    before.put(gallery_id, [ada])
    before.close()
    release_milvus(file)

    after = MilvusFaceIndex(str(file))
    ((match,),) = after.search(gallery_id, point(1)[None], limit=5)
    after.close()

    assert match.face_id == ada.face_id


def test_index_connects_again_after_close(file: Path) -> None:
    gallery_id = new_gallery()
    index = MilvusFaceIndex(str(file))
    index.create(gallery_id, length=LENGTH)

    index.close()

    assert index.count(gallery_id) == 0
    index.close()


def test_more_metadata_than_milvus_stores_is_refused(file: Path) -> None:
    index = MilvusFaceIndex(str(file))
    too_much = replace(face_at(1), metadata={"note": "x" * 66_000})

    with pytest.raises(InvalidRequest, match="metadata"):
        index.put(new_gallery(), [too_much])
