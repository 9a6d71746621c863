"""The port of metrics is for those who ask."""

import socket
from pathlib import Path

import pytest
import requests

from core.host import exposition
from harness.localstack import free_port


def test_who_connects_and_does_not_ask_is_let_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exposition, "_ASKED_WITHIN_S", 0.2)
    port = free_port()
    exposition.show(port, "127.0.0.1", tmp_path)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as silent:
        silent.sendall(b"GET /met")

        assert silent.recv(1) == b""

    assert requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30).ok
    assert "Traceback" not in capfd.readouterr().err
