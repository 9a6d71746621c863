"""Real processes report errors of their own, and these name nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr

from core.ground.storage_keys import collection_key
from harness.collectors.errors import ErrorSink
from harness.processes import WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import home_backends, home_settings
from tests.support.service import settings_of

NAME = "Ada Lovelace"


@pytest.fixture
def sink() -> Iterator[ErrorSink]:
    with ErrorSink() as running:
        yield running


def test_worker_that_ends_at_once_has_reported_why(sink: ErrorSink, tmp_path: Path) -> None:
    models = tmp_path / NAME
    models.mkdir()
    given = {"sentry_dsn": SecretStr(sink.dsn)}
    settings = home_settings(tmp_path / "home", **settings_of(**given))
    missing = {"FACE_ENGINE": "onnx", "FACE_EMBEDDER": "sface", "FACE_MODELS_DIR": str(models)}
    worker = WorkerProcess(settings, tmp_path / "worker.log", **missing)
    try:
        assert worker.wait(120) == 3
    finally:
        worker.stop()

    assert NAME in worker.log.read_text()
    assert [event["tags"]["part"] for event in sink.events] == ["efr-worker"]
    assert sink.events[0]["logentry"]["message"] == "models could not be loaded"
    assert b"Ada" not in b"".join(sink.sent)


def test_web_tier_reports_a_request_that_met_a_bug(sink: ErrorSink, tmp_path: Path) -> None:
    given = {"sentry_dsn": SecretStr(sink.dsn), "auth": "off"}
    settings = home_settings(tmp_path / "home", **settings_of(**given))
    web = WebProcess(settings, tmp_path / "web.log").started()
    try:
        requests.post(f"{web.address}/collections", json={"collection_id": "a"}, timeout=30)
        gallery = home_backends(settings).infrastructure.bucket(settings.s3_gallery_bucket)
        gallery.put(collection_key("a"), NAME.encode(), content_type="application/json")
        asked = f"{web.address}/collections/a/persons/{NAME}"
        wait_until(lambda: requests.get(asked, timeout=30).status_code == 500, seconds=60)
        wait_until(lambda: sink.sent, seconds=60)
    finally:
        web.stop()

    assert {event["tags"]["part"] for event in sink.events} == {"efr-web"}
    assert b"Ada" not in b"".join(sink.sent)
