"""How the index stays within Pinecone's limits, against a simulated service that has them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.errors import IndexUnavailable, InvalidRequest, InvalidSettings
from core.gallery.remote.pinecone_index import PineconeFaceIndex
from core.gallery.remote.pinecone_vectors import prefixes_from
from core.ports import EnrolledFace
from tests.support.indexes import LENGTH, face_at, ids_page_by_page, new_gallery
from tests.support.services.pinecone_service import PineconeService


@pytest.fixture(scope="module")
def service() -> Iterator[PineconeService]:
    running = PineconeService(dimension=LENGTH).start()
    yield running
    running.stop()


@pytest.fixture
def index(service: PineconeService) -> Iterator[PineconeFaceIndex]:
    opened = PineconeFaceIndex(service.address, api_key="test")
    yield opened
    opened.close()


@pytest.fixture
def gallery_id(index: PineconeFaceIndex) -> str:
    gallery_id = new_gallery()
    index.create(gallery_id, length=LENGTH)
    return gallery_id


def test_large_gallery_is_paged_in_order(index: PineconeFaceIndex, gallery_id: str) -> None:
    faces = [face_at(n, person="Ada" if n % 10 == 0 else "Bob") for n in range(1700)]

    index.put(gallery_id, faces)

    assert index.count(gallery_id) == len(faces)
    assert ids_page_by_page(index, gallery_id, limit=400) == sorted(face.face_id for face in faces)
    assert ids_page_by_page(index, gallery_id, limit=400, person="Ada") == sorted(
        face.face_id for face in faces if face.person == "Ada"
    )
    assert len(index.get(gallery_id, [face.face_id for face in faces])) == len(faces)
    index.erase(gallery_id, [face.face_id for face in faces])
    assert index.count(gallery_id) == 0


def test_faces_with_much_metadata_are_put_in_several_requests(
    index: PineconeFaceIndex, gallery_id: str
) -> None:
    faces = [with_metadata(39_000) for _ in range(120)]

    index.put(gallery_id, faces)

    assert index.count(gallery_id) == len(faces)


def test_more_metadata_than_pinecone_stores_is_refused(
    index: PineconeFaceIndex, gallery_id: str
) -> None:
    with pytest.raises(InvalidRequest, match="metadata"):
        index.put(gallery_id, [with_metadata(41_000)])


@pytest.mark.parametrize(("dimension", "metric"), [(LENGTH, "cosine"), (LENGTH + 1, "euclidean")])
def test_index_that_does_not_suit_is_refused(dimension: int, metric: str) -> None:
    service = PineconeService(dimension=dimension, metric=metric).start()
    index = PineconeFaceIndex(service.address, api_key="test")
    try:
        with pytest.raises(InvalidSettings, match="PINECONE_INDEX_HOST"):
            index.create(new_gallery(), length=LENGTH)
    finally:
        index.close()
        service.stop()


def test_refused_request_is_an_error_of_ours(index: PineconeFaceIndex, gallery_id: str) -> None:
    too_short = replace(face_at(1), embedding=face_at(1).embedding[:2])

    with pytest.raises(IndexUnavailable, match="dimension"):
        index.put(gallery_id, [too_short])


def test_prefixes_grow_with_the_gallery() -> None:
    after = "f0e1d2c3-0000-4000-8000-000000000000"

    assert list(prefixes_from(100, "")) == [""]
    assert list(prefixes_from(101, "")) == list("0123456789abcdef")
    assert list(prefixes_from(20_000, after)) == [f"f{digit}" for digit in "0123456789abcdef"]


def with_metadata(size: int) -> EnrolledFace:
    return replace(face_at(1), metadata={"note": "x" * size})
