"""A web tier may have requests once it has reached what it needs, and as long as it answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from core.host.exposition import show
from core.host.readiness import Readiness, note_contact
from core.host.shared_numbers import remove
from harness.localstack import free_port


class Web(BaseHTTPRequestHandler):
    """What a web tier answers, and by which paths it was asked."""

    status = 200
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def web() -> Iterator[HTTPServer]:
    handler = type("Handler", (Web,), {"asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def port(web: HTTPServer, tmp_path: Path) -> int:
    """Return a port of metrics that also tells of the web tier."""
    taken = free_port()
    address = f"http://127.0.0.1:{web.server_port}"
    show(taken, "127.0.0.1", tmp_path, Readiness(folder=tmp_path, address=address))
    return taken


def ask(port: int, path: str = "/ready") -> requests.Response:
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=30)


def test_web_tier_is_not_ready_until_it_has_reached_what_it_needs(
    port: int, tmp_path: Path
) -> None:
    before = ask(port)
    note_contact(tmp_path)
    after = ask(port)

    assert (before.status_code, before.text) == (503, "unready\n")
    assert (after.status_code, after.text) == (200, "ready\n")


def test_web_tier_that_answers_no_more_is_not_ready(
    port: int, web: HTTPServer, tmp_path: Path
) -> None:
    note_contact(tmp_path)
    web.RequestHandlerClass.status = 500  # type: ignore[attr-defined]
    failing = ask(port)
    web.shutdown()
    web.server_close()
    closed = ask(port)

    assert [failing.status_code, closed.status_code] == [503, 503]


def test_folder_of_the_numbers_may_go_once_contact_was_made(port: int, tmp_path: Path) -> None:
    note_contact(tmp_path)
    before = ask(port)
    remove(tmp_path)

    assert [before.status_code, ask(port).status_code] == [200, 200]


def test_web_tier_is_asked_for_its_health_past_any_proxy(
    port: int, web: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    note_contact(tmp_path)

    answer = Readiness(folder=tmp_path, address=f"http://127.0.0.1:{web.server_port}").is_given()

    assert answer
    assert web.RequestHandlerClass.asked == ["/health"]  # type: ignore[attr-defined]


def test_other_paths_show_the_numbers(port: int, web: HTTPServer) -> None:
    shown = ask(port, "/metrics")

    assert shown.headers["Content-Type"].startswith("text/plain; version=")
    assert web.RequestHandlerClass.asked == []  # type: ignore[attr-defined]


def test_port_that_is_taken_costs_the_answer_and_not_the_service(
    port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    show(port, "127.0.0.1", tmp_path, Readiness(folder=tmp_path, address="http://127.0.0.1:9"))

    assert "metrics are not shown" in caplog.text
