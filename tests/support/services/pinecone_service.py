"""The part of Pinecone's data plane that the service uses, in memory, over HTTP."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np

Json = dict[str, Any]
Query = dict[str, list[str]]

MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024
MAX_METADATA_BYTES: Final = 40 * 1024
MAX_UPSERT: Final = 1000
MAX_TOP_K: Final = 1000
MAX_IDS_LISTED: Final = 100


class Refusal(Exception):
    """An answer with an error's status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(kw_only=True)
class PineconeData:
    """Namespaces of vectors by id, with the limits of the real service."""

    dimension: int
    metric: str = "euclidean"
    namespaces: dict[str, dict[str, Json]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, query: Query, body: Json) -> Json:
        plain: dict[tuple[str, str], Callable[[], Json]] = {
            ("POST", "/namespaces"): lambda: self._create(body["name"]),
            ("POST", "/describe_index_stats"): self._stats,
            ("POST", "/vectors/upsert"): lambda: self._upsert(body),
            ("POST", "/vectors/delete"): lambda: self._delete(body),
            ("POST", "/vectors/fetch_by_metadata"): lambda: self._fetch_by_metadata(body),
            ("GET", "/vectors/fetch"): lambda: self._fetch(query),
            ("GET", "/vectors/list"): lambda: self._list(query),
            ("POST", "/query"): lambda: self._query(body),
        }
        with self.lock:
            if (method, path) in plain:
                return plain[method, path]()
            if path.startswith("/namespaces/"):
                return self._namespace(method, path.removeprefix("/namespaces/"))
        raise Refusal(501, f"not simulated: {method} {path}")

    def _create(self, name: str) -> Json:
        if name in self.namespaces:
            raise Refusal(409, "Namespace already exists")
        self.namespaces[name] = {}
        return {"name": name, "record_count": "0"}

    def _namespace(self, method: str, name: str) -> Json:
        if name not in self.namespaces:
            raise Refusal(404, "Namespace not found")
        if method == "DELETE":
            del self.namespaces[name]
            return {}
        return {"name": name, "record_count": str(len(self.namespaces[name]))}

    def _stats(self) -> Json:
        counts = {name: {"vectorCount": len(held)} for name, held in self.namespaces.items()}
        return {"namespaces": counts, "dimension": self.dimension, "metric": self.metric}

    def _upsert(self, body: Json) -> Json:
        vectors = body["vectors"]
        if not 1 <= len(vectors) <= MAX_UPSERT:
            raise Refusal(400, f"{len(vectors)} vectors")
        for vector in vectors:
            self._check(vector)
        # The real service makes a namespace that is not there.
        self.namespaces.setdefault(body["namespace"], {}).update({v["id"]: v for v in vectors})
        return {"upsertedCount": len(vectors)}

    def _check(self, vector: Json) -> None:
        if len(vector["values"]) != self.dimension:
            raise Refusal(400, f"Vector dimension {len(vector['values'])} is not {self.dimension}")
        metadata = vector["metadata"]
        if len(json.dumps(metadata, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
            raise Refusal(400, "Metadata size exceeds the limit of 40960 bytes")
        if not all(isinstance(value, str) for value in metadata.values()):
            raise Refusal(
                400, "Metadata value must be a string, number, boolean or list of strings"
            )

    def _delete(self, body: Json) -> Json:
        held = self.namespaces.get(body["namespace"])
        if held is None:
            raise Refusal(404, "Namespace not found")
        for vector_id in body["ids"]:
            held.pop(vector_id, None)
        return {}

    def _fetch(self, query: Query) -> Json:
        held = self.namespaces.get(query["namespace"][0], {})
        found = {vector_id: held[vector_id] for vector_id in query["ids"] if vector_id in held}
        return {"vectors": found, "namespace": query["namespace"][0]}

    def _fetch_by_metadata(self, body: Json) -> Json:
        held = self.namespaces.get(body["namespace"], {})
        persons = body["filter"]["person"]["$in"]
        # Newest first: the real service promises no order.
        found = [v for v in reversed(held.values()) if v["metadata"].get("person") in persons]
        start, limit = int(body.get("paginationToken", 0)), body["limit"]
        page = {vector["id"]: vector for vector in found[start : start + limit]}
        rest = {"pagination": {"next": str(start + limit)}} if len(found) > start + limit else {}
        return {"vectors": page, "namespace": body["namespace"], **rest}

    def _list(self, query: Query) -> Json:
        held = self.namespaces.get(query["namespace"][0], {})
        prefix, token = query.get("prefix", [""])[0], query.get("paginationToken", [""])[0]
        ids = sorted(key for key in held if key.startswith(prefix) and key > token)
        page = ids[: min(int(query["limit"][0]), MAX_IDS_LISTED)]
        rest = {"pagination": {"next": page[-1]}} if len(ids) > len(page) else {}
        return {"vectors": [{"id": key} for key in page], **rest}

    def _query(self, body: Json) -> Json:
        if not 1 <= body["topK"] <= MAX_TOP_K:
            raise Refusal(400, "topK must be 1 to 1000 with values or metadata")
        probe = np.array(body["vector"], dtype=np.float32)
        held = self.namespaces.get(body["namespace"], {}).values()
        scored = [
            vector | {"score": float(((np.float32(vector["values"]) - probe) ** 2).sum())}
            for vector in held
        ]
        nearest = sorted(scored, key=lambda vector: vector["score"])[: body["topK"]]
        return {"matches": nearest, "namespace": body["namespace"]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    data: PineconeData

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        if len(sent) > MAX_REQUEST_BYTES:
            return self._send(413, {"code": 0, "message": "the request is over 2 MB"})
        try:
            body = json.loads(sent) if sent else {}
            query = parse_qs(address.query, keep_blank_values=True)
            self._send(200, self.data.answer(self.command, address.path, query, body))
        except Refusal as refusal:
            self._send(refusal.status, {"code": 0, "message": str(refusal)})
        return None

    def _send(self, status: int, answer: Json) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class PineconeService:
    """An HTTP server with such data; real clients talk to it at ``address``."""

    def __init__(self, *, dimension: int, metric: str = "euclidean") -> None:
        self.data = PineconeData(dimension=dimension, metric=metric)
        handler = type("Handler", (_Handler,), {"data": self.data})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
