"""Enrolled faces in Qdrant, one collection a gallery."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CollectionNotFound, IndexUnavailable
from core.gallery.remote.payload import (
    batches,
    checked_after,
    library_missing,
    possible_ids,
    spellings,
    to_face,
    to_match,
    to_payload,
)
from core.gallery.remote.people import PeopleByFaces
from core.ports import EnrolledFace, Match

if TYPE_CHECKING:
    from qdrant_client import models

_TIMEOUT_S: Final = 10
_BATCH: Final = 250
"""Faces a request; at its longest that stays below Qdrant's 32 MB."""
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


class QdrantFaceIndex(PeopleByFaces):
    """A FaceIndex on a Qdrant server.

    What was put or erased is seen by the next search. Up to some ten thousand
    faces a gallery is searched exactly, above that by Qdrant's HNSW graph.

    Parameters
    ----------
    url : str
        The server's address.
    api_key : str, optional
        The server's key.

    Raises
    ------
    InvalidSettings
        If the client library is not installed.
    """

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        super().__init__()
        try:
            from qdrant_client import QdrantClient
        except ImportError as error:
            raise library_missing("qdrant") from error
        self._client = QdrantClient(
            url=url, api_key=api_key, timeout=_TIMEOUT_S, check_compatibility=False
        )

    def create(self, gallery_id: str, *, length: int) -> None:
        from qdrant_client import models

        with _translated(gallery_id):
            if not self._client.collection_exists(gallery_id):
                self._create(gallery_id, length)
            self._client.create_payload_index(
                gallery_id, "person", models.PayloadSchemaType.KEYWORD
            )

    def upgrade(self, gallery_id: str) -> bool:
        return False  # each face is stored with what is known of it

    def is_outdated(self, gallery_id: str) -> bool:
        return False

    def drop(self, gallery_id: str) -> None:
        with _translated(gallery_id):
            self._client.delete_collection(gallery_id)

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        from qdrant_client import models

        with _translated(gallery_id):
            for batch in batches(faces, _BATCH):
                points = [
                    models.PointStruct(
                        id=face.face_id, vector=face.embedding.tolist(), payload=to_payload(face)
                    )
                    for face in batch
                ]
                self._client.upsert(gallery_id, points, wait=True)
        if not faces:
            self.count(gallery_id)

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        with _translated(gallery_id):
            records = self._client.retrieve(
                gallery_id, possible_ids(face_ids), with_payload=True, with_vectors=True
            )
        return [_face(record) for record in records]

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        # Qdrant's offset is the first id of a page, not the last one of the page before.
        with _translated(gallery_id):
            records, _ = self._client.scroll(
                gallery_id,
                scroll_filter=None if person is None else _of_person(person),
                limit=limit + 1,
                offset=checked_after(after) or None,
                with_payload=True,
                with_vectors=True,
            )
        return [_face(record) for record in records if record.id != after][:limit]

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        from qdrant_client import models

        ids = possible_ids(face_ids)
        if not ids:
            self.count(gallery_id)
            return
        with _translated(gallery_id):
            self._client.delete(gallery_id, models.PointIdsList(points=list(ids)), wait=True)

    def count(self, gallery_id: str) -> int:
        with _translated(gallery_id):
            return int(self._client.count(gallery_id, exact=True).count)

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        from qdrant_client import models

        if not len(probes):
            self.count(gallery_id)
            return []
        requests = [
            models.QueryRequest(query=probe.tolist(), limit=limit, with_payload=True)
            for probe in probes
        ]
        with _translated(gallery_id):
            answers = self._client.query_batch_points(gallery_id, requests)
        return [
            [to_match(str(point.id), point.score, point.payload or {}) for point in answer.points]
            for answer in answers
        ]

    def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
        pass  # every search asks the server

    def close(self) -> None:
        self._client.close()

    def _create(self, gallery_id: str, length: int) -> None:
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        try:
            self._client.create_collection(
                gallery_id,
                vectors_config=models.VectorParams(size=length, distance=models.Distance.EUCLID),
                # Erased faces are to leave the disk soon: these are the lowest bounds.
                optimizers_config=models.OptimizersConfigDiff(
                    deleted_threshold=0.01, vacuum_min_vector_number=100
                ),
            )
        except UnexpectedResponse as error:
            if error.status_code != _CONFLICT:  # else another process was faster
                raise


def _of_person(person: str) -> "models.Filter":
    from qdrant_client import models

    return models.Filter(
        must=[models.FieldCondition(key="person", match=models.MatchAny(any=spellings(person)))]
    )


def _face(record: "models.Record") -> EnrolledFace:
    vector: Any = record.vector  # one unnamed dense vector, by how the collection was made
    return to_face(str(record.id), vector, record.payload or {})


@contextmanager
def _translated(gallery_id: str) -> Iterator[None]:
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code == _NOT_FOUND:
            raise CollectionNotFound(f"there is no gallery {gallery_id}") from error
        raise IndexUnavailable(f"Qdrant refused a request: {error}") from error
    except (ApiException, QdrantException) as error:
        raise IndexUnavailable(f"Qdrant does not answer: {error}") from error
