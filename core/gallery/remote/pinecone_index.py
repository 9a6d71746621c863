"""Enrolled faces in Pinecone, one namespace a gallery."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CollectionNotFound, IndexUnavailable, InvalidSettings
from core.gallery.remote.payload import (
    batches,
    checked_after,
    library_missing,
    possible_ids,
    spellings,
    to_match,
)
from core.gallery.remote.people import PeopleByFaces
from core.gallery.remote.pinecone_vectors import (
    IDS_A_PAGE,
    from_vector,
    payload_of,
    prefixes_from,
    to_vector,
    upserts,
)
from core.ports import EnrolledFace, Match

_TIMEOUT_S: Final = 10
_MAX_DELETE: Final = 1000


class PineconeFaceIndex(PeopleByFaces):
    """A FaceIndex in an index of Pinecone's with the metric euclidean.

    Pinecone is eventually consistent: what was put is on its disks when ``put``
    returns, and seen by searches, counts and pages some seconds later. That may
    be after the time that the port allows. The same is true of what was erased.

    Parameters
    ----------
    host : str
        The index's address, as Pinecone's console shows it.
    api_key : str
        Pinecone's key.

    Raises
    ------
    InvalidSettings
        If the client library is not installed.
    """

    def __init__(self, host: str, *, api_key: str) -> None:
        super().__init__()
        try:
            from pinecone import Pinecone, RetryConfig
        except ImportError as error:
            raise library_missing("pinecone") from error
        retries = RetryConfig(max_retries=2, max_wait=0.5)
        self._client = Pinecone(api_key=api_key, timeout=_TIMEOUT_S, retry_config=retries)
        self._index = self._client.index(host=host)

    def create(self, gallery_id: str, *, length: int) -> None:
        from pinecone.errors import ConflictError

        with _translated(gallery_id):
            self._check_index(length)
            try:
                self._index.create_namespace(
                    name=gallery_id, schema={"fields": {"person": {"filterable": True}}}
                )
            except ConflictError:  # it is there already
                return

    def upgrade(self, gallery_id: str) -> bool:
        return False  # each face is stored with what is known of it

    def is_outdated(self, gallery_id: str) -> bool:
        return False

    def drop(self, gallery_id: str) -> None:
        from pinecone.errors import NotFoundError

        with _translated(gallery_id):
            try:
                self._index.delete_namespace(name=gallery_id)
            except NotFoundError:
                return

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        vectors = [to_vector(face) for face in faces]
        with _translated(gallery_id):
            self._check_gallery(gallery_id)  # an upsert would make one
            for batch in upserts(vectors):
                self._index.upsert(vectors=batch, namespace=gallery_id)

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        faces: list[EnrolledFace] = []
        with _translated(gallery_id):
            for batch in batches(possible_ids(face_ids), IDS_A_PAGE):
                fetched = self._index.fetch(ids=list(batch), namespace=gallery_id)
                faces += [from_vector(vector) for vector in fetched.vectors.values()]
            if not faces:
                self._check_gallery(gallery_id)
        return faces

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        checked_after(after)
        if person is not None:
            behind = [face for face in self._faces_of(gallery_id, person) if face.face_id > after]
            return sorted(behind, key=_by_id)[:limit]
        with _translated(gallery_id):
            ids = []
            for face_id in self._ids_behind(gallery_id, after):
                ids.append(face_id)
                if len(ids) == limit:
                    break
        return sorted(self.get(gallery_id, ids), key=_by_id)

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        with _translated(gallery_id):
            self._check_gallery(gallery_id)
            for batch in batches(possible_ids(face_ids), _MAX_DELETE):
                self._index.delete(ids=list(batch), namespace=gallery_id)

    def count(self, gallery_id: str) -> int:
        with _translated(gallery_id):
            return int(self._index.describe_namespace(name=gallery_id).record_count)

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        with _translated(gallery_id):
            found = [self._nearest(gallery_id, probe, limit) for probe in probes]
            if not any(found):
                self._check_gallery(gallery_id)
        return found

    def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
        pass  # every search asks the server

    def close(self) -> None:
        self._index.close()
        self._client.close()

    def _check_index(self, length: int) -> None:
        """Raise ``InvalidSettings`` unless the index suits embeddings of that length."""
        stats = self._index.describe_index_stats()
        if stats.metric not in (None, "euclidean"):
            raise InvalidSettings(
                f"PINECONE_INDEX_HOST: the index has the metric {stats.metric}, not euclidean"
            )
        if stats.dimension not in (None, length):
            raise InvalidSettings(
                f"PINECONE_INDEX_HOST: the index has the dimension {stats.dimension}, "
                f"the face model's embeddings {length}"
            )

    def _check_gallery(self, gallery_id: str) -> None:
        """Raise Pinecone's ``NotFoundError`` unless there is such a gallery.

        Most of Pinecone's answers are empty when there is none.
        """
        self._index.describe_namespace(name=gallery_id)

    def _nearest(self, gallery_id: str, probe: NDArray[np.float32], limit: int) -> list[Match]:
        answer = self._index.query(
            vector=probe.tolist(),
            top_k=limit,
            namespace=gallery_id,
            include_values=True,
            include_metadata=True,
        )
        # Scores are rounded and, with this metric, squared: the embeddings tell it exactly.
        matches = [
            to_match(hit.id, _distance(probe, hit.values), payload_of(hit.metadata))
            for hit in answer.matches
        ]
        return sorted(matches, key=lambda match: match.distance)

    def _faces_of(self, gallery_id: str, person: str) -> list[EnrolledFace]:
        faces: list[EnrolledFace] = []
        token: str | None = None
        with _translated(gallery_id):
            self._check_gallery(gallery_id)
            while True:
                answer = self._index.fetch_by_metadata(
                    filter={"person": {"$in": spellings(person)}},
                    namespace=gallery_id,
                    limit=IDS_A_PAGE,
                    pagination_token=token,
                )
                faces += map(from_vector, answer.vectors.values())
                token = answer.pagination.next if answer.pagination else None
                if token is None:
                    return faces

    def _ids_behind(self, gallery_id: str, after: str) -> Iterator[str]:
        """List ids in order.

        Pinecone lists in order, but begins only at a prefix. Prefixes are as
        long as needed for about one answer each, so a page costs a few requests.
        """
        count = self._index.describe_namespace(name=gallery_id).record_count
        for prefix in prefixes_from(count, after):
            for answer in self._index.list(prefix=prefix, namespace=gallery_id, limit=IDS_A_PAGE):
                ids = [item.id for item in answer.vectors if item.id is not None]
                yield from (face_id for face_id in ids if face_id > after)


def _distance(probe: NDArray[np.float32], values: Sequence[float]) -> float:
    return math.dist(probe.tolist(), values)


def _by_id(face: EnrolledFace) -> str:
    return face.face_id


@contextmanager
def _translated(gallery_id: str) -> Iterator[None]:
    from pinecone.errors import NotFoundError, PineconeError

    try:
        yield
    except NotFoundError as error:
        raise CollectionNotFound(f"there is no gallery {gallery_id}") from error
    except PineconeError as error:
        raise IndexUnavailable(f"Pinecone does not answer as it should: {error}") from error
