"""What a Qdrant server's answers become, from a server that only says what the test scripted."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.errors import CollectionNotFound, IndexUnavailable
from core.gallery.remote.qdrant_index import QdrantFaceIndex
from tests.support.indexes import face_at, new_gallery

Request = tuple[str, str, Any]


@dataclass(kw_only=True)
class ScriptedQdrant:
    """Answers with ``answers`` by method and end of path, else with success."""

    answers: dict[tuple[str, str], tuple[int, object]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, object]:
        self.requests.append((method, path, body))
        for (expected, ending), answer in self.answers.items():
            if method == expected and path.split("?")[0].endswith(ending):
                return answer
        return 200, {"operation_id": 1, "status": "completed"}


@pytest.fixture
def qdrant() -> ScriptedQdrant:
    return ScriptedQdrant()


@pytest.fixture
def index(qdrant: ScriptedQdrant) -> Iterator[QdrantFaceIndex]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(sent) if sent else None
            status, result = qdrant.answer(self.command, self.path, body)
            answer = json.dumps({"result": result, "status": "ok", "time": 0}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    opened = QdrantFaceIndex(f"http://127.0.0.1:{server.server_address[1]}")
    yield opened
    opened.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_missing_collection_is_an_unknown_gallery(
    qdrant: ScriptedQdrant, index: QdrantFaceIndex
) -> None:
    qdrant.answers["POST", "/points/count"] = (404, None)

    with pytest.raises(CollectionNotFound):
        index.count(new_gallery())


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_refusal_is_an_error_that_passes(
    status: int, qdrant: ScriptedQdrant, index: QdrantFaceIndex
) -> None:
    qdrant.answers["POST", "/points/count"] = (status, None)

    with pytest.raises(IndexUnavailable):
        index.count(new_gallery())


def test_gallery_made_by_another_process_meanwhile_is_no_error(
    qdrant: ScriptedQdrant, index: QdrantFaceIndex
) -> None:
    gallery_id = new_gallery()
    qdrant.answers["GET", "/exists"] = (200, {"exists": False})
    qdrant.answers["PUT", f"/collections/{gallery_id}"] = (409, None)
    qdrant.answers["PUT", "/index"] = (200, {"operation_id": 1, "status": "completed"})

    index.create(gallery_id, length=8)

    assert qdrant.requests[-1][2] == {"field_name": "person", "field_schema": "keyword"}


def test_gallery_is_made_for_euclidean_distance(
    qdrant: ScriptedQdrant, index: QdrantFaceIndex
) -> None:
    gallery_id = new_gallery()
    qdrant.answers["GET", "/exists"] = (200, {"exists": False})
    qdrant.answers["PUT", f"/collections/{gallery_id}"] = (200, True)

    index.create(gallery_id, length=8)

    (made,) = [body for _, path, body in qdrant.requests if path.endswith(gallery_id)]
    assert made["vectors"] == {"size": 8, "distance": "Euclid"}


def test_put_and_erase_wait_until_they_are_done(
    qdrant: ScriptedQdrant, index: QdrantFaceIndex
) -> None:
    face = face_at(1)

    index.put(new_gallery(), [face])
    index.erase(new_gallery(), [face.face_id])

    assert [path.split("?")[1] for _, path, _ in qdrant.requests] == ["wait=true", "wait=true"]


def test_person_reaches_the_server_as_a_value(
    qdrant: ScriptedQdrant, index: QdrantFaceIndex
) -> None:
    qdrant.answers["POST", "/points/scroll"] = (200, {"points": []})

    index.page(new_gallery(), limit=5, person="x' OR '1'='1")

    ((_, _, body),) = qdrant.requests
    assert body["filter"] == {"must": [{"key": "person", "match": {"any": ["x' OR '1'='1"]}}]}
