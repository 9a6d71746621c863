"""The client of the load tests, against a server that answers as scripted."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.load_clients import Uploader
from harness.photo_set import Photo

PENDING = {"job_id": "1", "status": "pending"}
PHOTO = Photo(
    path=Path("ada.jpg"),
    content=b"photo",
    person="Ada",
    expected="Ada",
    faces=1,
    engine_s=0,
)
DONE = {"job_id": "1", "status": "done", "result": "Ada"}


class Script(ThreadingHTTPServer):
    """Gives one answer after the other: status, ``Retry-After`` and body."""

    answers: list[tuple[int, str | None, dict[str, Any]]]


class Handler(BaseHTTPRequestHandler):
    server: Script

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, retry_after, body = self.server.answers.pop(0)
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def script() -> Iterator[Script]:
    with Script(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_client_asks_again_when_it_was_told_to(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.answers = [
        (503, "5", {"code": "STORAGE_UNAVAILABLE"}),
        (202, "2", PENDING),
        (202, "3", PENDING),
        (502, None, {}),
        (200, None, DONE),
    ]
    pauses_s: list[float] = []
    monkeypatch.setattr("harness.load_clients.time.sleep", pauses_s.append)
    uploader = Uploader(
        f"http://127.0.0.1:{script.server_port}", collection_id="people", insists=True
    )

    answer = uploader.ask(PHOTO, due_s=0, began_s=time.monotonic())
    uploader.close()

    assert (answer.status, answer.result) == ("done", "Ada")
    assert pauses_s == [5, 2, 3, 1]
