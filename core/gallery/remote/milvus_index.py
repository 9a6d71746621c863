"""Enrolled faces in Milvus, one collection a gallery."""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from typing import Any, Final

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
    to_json,
    to_match,
)
from core.gallery.remote.people import PeopleByFaces
from core.ports import EnrolledFace, Match

_TIMEOUT_S: Final = 10
_BATCH: Final = 250
"""Faces a request; at its longest that stays below Milvus's 64 MB."""
_MAX_PAYLOAD_BYTES: Final = 65_535
_COLLECTION_NOT_FOUND: Final = 100


class MilvusFaceIndex(PeopleByFaces):
    """A FaceIndex on Milvus.

    What was put or erased is seen by the next search: collections are made with
    strong consistency. The client connects when it is first needed.

    Parameters
    ----------
    uri : str
        A server's address, or a file whose name ends in ``.db`` for Milvus Lite,
        the engine inside this process. One process at a time can open a file.
    token : str, optional
        The server's key, or ``user:password``.

    Raises
    ------
    InvalidSettings
        If the client library is not installed.
    """

    def __init__(self, uri: str, *, token: str | None = None) -> None:
        super().__init__()
        try:
            self._pymilvus = import_module("pymilvus")  # which has no types
            self._grpc = import_module("grpc")
        except ImportError as error:
            raise library_missing("milvus") from error
        # It logs every error with a traceback before it raises it; ours are logged where they end.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        self._uri = uri
        self._token = token or ""
        self._lock = threading.Lock()
        self._connected: Any = None
        self._known: set[str] = set()

    def create(self, gallery_id: str, *, length: int) -> None:
        name = _name(gallery_id)
        with self._translated(gallery_id) as client:
            if not client.has_collection(name, timeout=_TIMEOUT_S):
                self._create(client, name, length)
            if not client.list_indexes(name):
                index = client.prepare_index_params()
                index.add_index("embedding", index_type="AUTOINDEX", metric_type="L2")
                # Nothing is there yet that could be indexed: don't wait for it.
                client.create_index(name, index, timeout=_TIMEOUT_S, sync=False)
            client.load_collection(name, timeout=_TIMEOUT_S)
        self._known.add(gallery_id)

    def upgrade(self, gallery_id: str) -> bool:
        return False  # each face is stored with what is known of it

    def is_outdated(self, gallery_id: str) -> bool:
        return False

    def drop(self, gallery_id: str) -> None:
        self._known.discard(gallery_id)
        with self._translated(gallery_id) as client:
            client.drop_collection(_name(gallery_id), timeout=_TIMEOUT_S)

    def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        rows = [_row(face) for face in faces]
        with self._loaded(gallery_id) as client:
            for batch in batches(rows, _BATCH):
                client.upsert(_name(gallery_id), list(batch), timeout=_TIMEOUT_S)
        if not faces:
            self.count(gallery_id)

    def get(self, gallery_id: str, face_ids: Sequence[str]) -> list[EnrolledFace]:
        rows: list[dict[str, Any]] = []
        with self._loaded(gallery_id) as client:
            for batch in batches(possible_ids(face_ids), _BATCH):
                rows += client.get(_name(gallery_id), list(batch), timeout=_TIMEOUT_S)
        if not rows:
            self.count(gallery_id)
        return [_face(row) for row in rows]

    def page(
        self, gallery_id: str, *, limit: int, after: str = "", person: str | None = None
    ) -> list[EnrolledFace]:
        behind = f'face_id > "{checked_after(after)}"'
        theirs = "" if person is None else f" and person_key in {_person_keys(person)}"
        with self._loaded(gallery_id) as client:
            # Of all that Milvus offers only the iterator promises the order of ids.
            rows = client.query_iterator(
                _name(gallery_id),
                filter=behind + theirs,
                batch_size=limit,
                limit=limit,
                output_fields=["embedding", "payload"],
                timeout=_TIMEOUT_S,
            )
            page = rows.next()
            rows.close()
        return [_face(row) for row in page]

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        ids = possible_ids(face_ids)
        with self._loaded(gallery_id) as client:
            for batch in batches(ids, _BATCH):
                client.delete(_name(gallery_id), ids=list(batch), timeout=_TIMEOUT_S)
        if not ids:
            self.count(gallery_id)

    def count(self, gallery_id: str) -> int:
        with self._loaded(gallery_id) as client:
            rows = client.query(
                _name(gallery_id), filter="", output_fields=["count(*)"], timeout=_TIMEOUT_S
            )
        return int(rows[0]["count(*)"])

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        if not len(probes):
            self.count(gallery_id)
            return []
        with self._loaded(gallery_id) as client:
            answers = client.search(
                _name(gallery_id),
                data=list(probes),
                limit=limit,
                output_fields=["face_id", "payload"],  # older servers leave the key's name out
                timeout=_TIMEOUT_S,
            )
        return [[_match(hit) for hit in answer] for answer in answers]

    def refresh(self, gallery_id: str, *, max_age_s: float | None = None) -> None:
        pass  # every search asks the server

    def close(self) -> None:
        with self._lock:
            if self._connected is not None:
                self._connected.close()
            self._connected = None
            self._known.clear()

    def _create(self, client: Any, name: str, length: int) -> None:
        data_type = self._pymilvus.DataType
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("face_id", data_type.VARCHAR, is_primary=True, max_length=36)
        schema.add_field("person_key", data_type.VARCHAR, max_length=64)
        schema.add_field("payload", data_type.JSON)
        schema.add_field("embedding", data_type.FLOAT_VECTOR, dim=length)
        try:
            client.create_collection(
                name, schema=schema, consistency_level="Strong", timeout=_TIMEOUT_S
            )
        except self._pymilvus.MilvusException:
            if not client.has_collection(name, timeout=_TIMEOUT_S):  # else another was faster
                raise

    def _client(self) -> Any:
        with self._lock:
            if self._connected is None:
                self._connected = self._pymilvus.MilvusClient(
                    self._uri, token=self._token, timeout=_TIMEOUT_S
                )
            return self._connected

    @contextmanager
    def _loaded(self, gallery_id: str) -> Iterator[Any]:
        """Lend the client once the gallery is in Milvus's memory: a restart may empty that."""
        with self._translated(gallery_id) as client:
            if gallery_id not in self._known:
                client.load_collection(_name(gallery_id), timeout=_TIMEOUT_S)
                self._known.add(gallery_id)
            yield client

    @contextmanager
    def _translated(self, gallery_id: str) -> Iterator[Any]:
        try:
            yield self._client()
        except self._pymilvus.MilvusException as error:
            if error.code == _COLLECTION_NOT_FOUND:
                raise CollectionNotFound(f"there is no gallery {gallery_id}") from error
            raise IndexUnavailable(f"Milvus refused a request: {error}") from error
        except self._grpc.RpcError as error:
            raise IndexUnavailable(f"Milvus does not answer: {error}") from error


def _name(gallery_id: str) -> str:
    """Return a collection's name, which must not begin with a digit."""
    return f"g{gallery_id}"


def _person_key(person: str | None) -> str:
    return "" if person is None else sha256(person.encode()).hexdigest()


def _person_keys(person: str) -> str:
    """Return the list of an expression: names never get into one, their hashes need no escaping."""
    return json.dumps([_person_key(spelling) for spelling in spellings(person)])


def _row(face: EnrolledFace) -> dict[str, Any]:
    return {
        "face_id": face.face_id,
        "person_key": _person_key(face.person),
        "payload": json.loads(to_json(face, limit_bytes=_MAX_PAYLOAD_BYTES)),
        "embedding": face.embedding,
    }


def _face(row: dict[str, Any]) -> EnrolledFace:
    return to_face(row["face_id"], row["embedding"], row["payload"])


def _match(hit: dict[str, Any]) -> Match:
    squared = max(0.0, hit["distance"])  # Milvus's L2 leaves the root out
    return to_match(hit["face_id"], squared**0.5, hit["entity"]["payload"])
