"""Every engine of FaceIndex, for the same tests."""

import uuid
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.gallery.lance.index import LanceFaceIndex
from core.gallery.remote.milvus_index import MilvusFaceIndex
from core.gallery.remote.pinecone_index import PineconeFaceIndex
from core.gallery.remote.qdrant_index import QdrantFaceIndex
from core.ports import EnrolledFace, FaceIndex
from core.settings import Settings
from core.testing import MemoryFaceIndex
from harness.localstack import LocalStack
from tests.support.backends import own_names
from tests.support.services.pinecone_service import PineconeService
from tests.support.services.qdrant_service import QdrantService

LENGTH: Final = 8
REFRESH_S: Final = 0.05
ENGINES: Final = (
    "memory",
    "lancedb in a folder",
    "lancedb on LocalStack",
    "qdrant",
    "milvus",
    "pinecone",
)


@dataclass(frozen=True, kw_only=True)
class Engines:
    """What the engines of one test session share."""

    folder: Path
    qdrant: QdrantService
    pinecone: PineconeService

    def open(self, name: str, request: pytest.FixtureRequest) -> FaceIndex:
        """Return an index of that engine; galleries of other tests may be in it.

        LocalStack is started for no other engine: ``bucket_settings`` is a fixture.
        """
        match name:
            case "lancedb in a folder":
                return LanceFaceIndex(str(self.folder / "lance"), refresh_s=REFRESH_S)
            case "lancedb on LocalStack":
                settings: Settings = request.getfixturevalue("bucket_settings")
                return Shared(settings, Infrastructure.on_aws(settings)).index
            case "qdrant":
                return QdrantFaceIndex(self.qdrant.address)
            case "milvus":
                return MilvusFaceIndex(str(self.folder / "milvus.db"))
            case "pinecone":
                return PineconeFaceIndex(self.pinecone.address, api_key="test")
        return MemoryFaceIndex()


@contextmanager
def running_engines(folder: Path) -> Iterator[Engines]:
    pinecone = PineconeService(dimension=LENGTH).start()
    with QdrantService() as qdrant:
        yield Engines(folder=folder, qdrant=qdrant, pinecone=pinecone)
    pinecone.stop()
    release_milvus(folder / "milvus.db")


def settings_of_new_bucket(localstack: LocalStack) -> Settings:
    settings = localstack.settings(gallery_refresh_seconds=REFRESH_S, **own_names())
    provision(settings)
    return settings


def release_milvus(file: Path) -> None:
    """End the threads of Milvus Lite that serve a file, so that others may open it."""
    import_module("milvus_lite.server_manager").server_manager_instance.release_server(str(file))


def new_gallery() -> str:
    return uuid.uuid4().hex


def new_face_id() -> str:
    return str(uuid.uuid4())


def point(position: float) -> NDArray[np.float32]:
    """Return an embedding; two of them are as far apart as their positions."""
    vector = np.zeros(LENGTH, dtype=np.float32)
    vector[0] = position
    return vector


def face_at(
    position: float, *, person: str | None = "Ada", face_id: str | None = None
) -> EnrolledFace:
    return EnrolledFace(
        face_id=face_id or new_face_id(),
        person=person,
        image_id="album/1.jpg",
        embedding=point(position),
    )


def stored_as(face: EnrolledFace, person: str, *, rejected: Set[str] = frozenset()) -> EnrolledFace:
    """Return a face with names in a spelling that only older versions wrote."""
    object.__setattr__(face, "person", person)
    object.__setattr__(face, "rejected", frozenset(rejected))
    return face


def ids_page_by_page(
    index: FaceIndex, gallery_id: str, *, limit: int, person: str | None = None
) -> list[str]:
    """Return the ids of all pages; fail where a page goes back."""
    seen = [""]
    while page := index.page(gallery_id, limit=limit, after=seen[-1], person=person):
        assert len(page) <= limit
        assert page[0].face_id > seen[-1]
        seen += [face.face_id for face in page]
    return seen[1:]
