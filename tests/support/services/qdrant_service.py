"""The part of Qdrant's REST interface that the service uses, over the engine in Qdrant's client."""

import json
import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from qdrant_client import QdrantClient, models

from tests.support.services.http_service import HttpService

Json = dict[str, Any]
_DONE: Final[Json] = {"operation_id": 1, "status": "completed"}


class QdrantService(HttpService):
    """Answers as a server does; ``refusal`` is a status that it answers instead, 0 for none."""

    def __init__(self) -> None:
        super().__init__()
        self.refusal = 0
        self.refused = 0
        self._engine = QdrantClient(":memory:")
        self._one_at_a_time = threading.Lock()
        """The engine's arrays grow one after the other: a search beside a put meets two lengths."""

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        if self.refusal:
            self.refused += 1
            return self.refusal, json.dumps({"status": {"error": "refused by the test"}})
        _, _, name, *rest = urlsplit(path).path.split("/")
        try:
            with self._one_at_a_time:
                result = self._routes[method, "/".join(rest)](name, json.loads(body or "{}"))
        except ValueError as error:
            if str(error) != f"Collection {name} not found":
                raise
            return 404, json.dumps({"status": {"error": str(error)}})
        return 200, json.dumps({"result": result, "status": "ok", "time": 0})

    @property
    def _routes(self) -> dict[tuple[str, str], Callable[[str, Json], Any]]:
        """Return what answers each method and path behind the collection's name."""
        return {
            ("GET", "exists"): self._exists,
            ("PUT", ""): self._create,
            ("DELETE", ""): lambda name, _: self._engine.delete_collection(name),
            ("PUT", "index"): lambda name, _: _DONE,
            ("PUT", "points"): self._upsert,
            ("POST", "points"): self._retrieve,
            ("POST", "points/scroll"): self._scroll,
            ("POST", "points/delete"): self._delete,
            ("POST", "points/count"): self._count,
            ("POST", "points/query/batch"): self._query,
        }

    def _exists(self, name: str, _: Json) -> Json:
        return {"exists": self._engine.collection_exists(name)}

    def _create(self, name: str, body: Json) -> bool:
        vectors = models.VectorParams(**body["vectors"])
        return self._engine.create_collection(name, vectors_config=vectors)

    def _upsert(self, name: str, body: Json) -> Json:
        self._engine.upsert(name, [models.PointStruct(**point) for point in body["points"]])
        return _DONE

    def _retrieve(self, name: str, body: Json) -> list[Json]:
        found = self._engine.retrieve(name, body["ids"], with_payload=True, with_vectors=True)
        return [record.model_dump(mode="json") for record in found]

    def _scroll(self, name: str, body: Json) -> Json:
        chosen = models.ScrollRequest(**body)
        found, following = self._engine.scroll(
            name,
            scroll_filter=chosen.filter,
            limit=chosen.limit or 10,
            offset=chosen.offset,
            with_payload=True,
            with_vectors=True,
        )
        points = [record.model_dump(mode="json") for record in found]
        return {"points": points, "next_page_offset": following}

    def _delete(self, name: str, body: Json) -> Json:
        self._engine.delete(name, models.PointIdsList(**body))
        return _DONE

    def _count(self, name: str, _: Json) -> Json:
        return {"count": self._engine.count(name).count}

    def _query(self, name: str, body: Json) -> list[Json]:
        searches = [models.QueryRequest(**search) for search in body["searches"]]
        found = self._engine.query_batch_points(name, searches)
        return [answer.model_dump(mode="json") for answer in found]
