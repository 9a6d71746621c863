"""What the optional engines have in common, beyond the contract."""

import sys
from collections.abc import Callable, Iterator

import pytest

from core.errors import IndexUnavailable, InvalidRequest, InvalidSettings
from core.gallery.remote import milvus_index, pinecone_index, qdrant_index
from core.gallery.remote.milvus_index import MilvusFaceIndex
from core.gallery.remote.pinecone_index import PineconeFaceIndex
from core.gallery.remote.qdrant_index import QdrantFaceIndex
from core.ports import FaceIndex
from harness.localstack import free_port
from tests.support.indexes import new_gallery

NOWHERE = "http://127.0.0.1:{port}"
OPENERS: dict[str, Callable[[str], FaceIndex]] = {
    "qdrant": QdrantFaceIndex,
    "milvus": MilvusFaceIndex,
    "pinecone": lambda address: PineconeFaceIndex(address, api_key="test"),
}
LIBRARIES = {"qdrant": "qdrant_client", "milvus": "pymilvus", "pinecone": "pinecone"}


@pytest.fixture(params=OPENERS)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def away(engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaceIndex]:
    """Return an index whose server does not run."""
    for module in (milvus_index, pinecone_index, qdrant_index):
        monkeypatch.setattr(module, "_TIMEOUT_S", 1)
    index = OPENERS[engine](NOWHERE.format(port=free_port()))
    yield index
    index.close()


def test_missing_library_is_named_with_its_cure(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, LIBRARIES[engine], None)

    with pytest.raises(InvalidSettings) as caught:
        OPENERS[engine](NOWHERE.format(port=1))

    assert str(caught.value) == (
        f"FACE_INDEX={engine} needs: pip install '.[{engine}]' in a checkout"
    )


def test_server_that_is_away_is_an_error_that_passes(away: FaceIndex) -> None:
    with pytest.raises(IndexUnavailable):
        away.count(new_gallery())
    with pytest.raises(IndexUnavailable):
        away.create(new_gallery(), length=8)


def test_page_behind_what_is_no_id_is_refused_before_any_request(away: FaceIndex) -> None:
    with pytest.raises(InvalidRequest, match="after"):
        away.page(new_gallery(), limit=10, after='" or face_id > "')
