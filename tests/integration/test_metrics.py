"""A real Prometheus reads a real service, whose processes are killed meanwhile."""

import json
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from core.ground.ids import is_job_id
from core.home.home import Home
from core.settings import Settings
from harness.auditor import all_keys
from harness.localstack import free_port
from harness.processes import Process, WebProcess
from harness.waiting import wait_until
from harness.watched.counted import WITH_RESULT
from harness.watched.prometheus import Prometheus
from scripts.grafana.dashboard import FILE
from scripts.grafana.panels import filled
from tests.support.backends import home_settings
from tests.support.photos import sample
from tests.support.service import settings_of
from tests.support.services.prometheus_server import binary

PHOTO = "Barack Obama/obama2.jpg"
UPLOADS = 12
MOST_SERIES = 500
UNUSED = {"Limits", "Requests to AWS", "GPU"}
"""Panels that have nothing to show of a service on a home that nothing goes wrong with."""


@dataclass(kw_only=True)
class Watched:
    """A service on a home, with two web processes and an autoscaler."""

    settings: Settings
    web: Process
    autoscaler: Process

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.web_port}"

    def shown(self, part: int) -> str:
        """Return what the web tier (0) or the autoscaler (1) shows."""
        assert self.settings.metrics_port is not None
        at = f"http://127.0.0.1:{self.settings.metrics_port + part}/metrics"
        return requests.get(at, timeout=10).text

    def total(self, part: int, name: str, **labels: str) -> float:
        """Return the sum of the series of a metric that have these labels."""
        lines = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", self.shown(part), flags=re.MULTILINE)
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        return sum(float(value) for found, value in lines if wanted <= set(found.split(",")))

    def upload(self) -> None:
        photo = sample(PHOTO) + uuid.uuid4().bytes  # no earlier answer fits
        files = {"inputFile": ("obama.jpg", photo)}
        headers = {"Prefer": "respond-async"}
        answer = requests.post(f"{self.address}/", files=files, headers=headers, timeout=60)
        answer.raise_for_status()

    def done(self) -> float:
        return self.total(1, "efr_jobs_total", queue="interactive", outcome="done")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    settings = home_settings(
        tmp_path / "home",
        **settings_of(auth="off", web_processes=2, metrics_port=free_port(), max_workers=1),
    )
    web = WebProcess(settings, tmp_path / "web.log").started()
    command = [sys.executable, "-m", "efr_cli", "autoscaler"]
    autoscaler = Process(command, settings, tmp_path / "autoscaler.log")
    wait_until(lambda: autoscaler.logged("autoscaler started"), seconds=60)
    yield Watched(settings=settings, web=web, autoscaler=autoscaler)
    autoscaler.stop()
    web.stop()


def kill_one(process: Process, name: str) -> None:
    """Kill a child of a process, with no word of warning, whose command has a name."""
    children = psutil.Process(process.pid).children(recursive=True)
    found = [child for child in children if name in " ".join(child.cmdline())]
    found[0].send_signal(signal.SIGKILL)


def findings(text: str) -> str:
    """Return what promtool finds wrong with metrics."""
    asked = [binary("promtool"), "check", "metrics"]
    checked = subprocess.run(asked, input=text, text=True, check=False, capture_output=True)
    return checked.stdout + checked.stderr


def empty_panels(server: Prometheus) -> set[str]:
    """Ask all queries of the dashboard; return the panels that would stay empty."""
    empty = set()
    for panel in json.loads(FILE.read_text())["panels"]:
        answers = [server.ask(filled(target["expr"], "1m")) for target in panel["targets"]]
        if not any(answers):
            empty.add(panel["title"])
    return empty


def test_counters_are_the_jobs_that_were_done_whoever_is_killed(
    watched: Watched, tmp_path: Path
) -> None:
    binary("prometheus")
    with Prometheus(watched.settings, tmp_path / "prometheus", every_s=1) as server:
        for _ in range(UPLOADS // 2):
            watched.upload()
        wait_until(lambda: watched.done() == UPLOADS // 2, seconds=120)
        kill_one(watched.web, "gunicorn")
        kill_one(watched.autoscaler, "run_worker")
        wait_until(lambda: requests.get(f"{watched.address}/health", timeout=5).ok, seconds=60)
        for _ in range(UPLOADS // 2):
            watched.upload()
        wait_until(lambda: watched.done() == UPLOADS, seconds=120)

        assert watched.total(0, "efr_http_requests_total", method="POST", status="202") == UPLOADS
        assert watched.total(1, "efr_faces_total", outcome="unknown") == UPLOADS
        for part in (0, 1):
            text = watched.shown(part)
            assert text.count("\nefr_") < MOST_SERIES
            assert findings(text) == ""
        stored = Home.made(watched.settings).bucket(watched.settings.s3_out_bucket)
        assert sum(map(is_job_id, all_keys(stored))) == UPLOADS
        wait_until(lambda: server.value(f"sum({WITH_RESULT})") == UPLOADS, seconds=30)
        wait_until(lambda: server.value("max(efr_workers{state='there'})") == 1, seconds=30)
        assert server.fallen() == []
        assert empty_panels(server) == UNUSED


def test_worker_alone_shows_what_prometheus_finds_no_fault_with(tmp_path: Path) -> None:
    port = free_port()
    settings = home_settings(
        tmp_path / "home", **settings_of(metrics_port=port, worker_processes=1)
    )
    worker = Process([sys.executable, "-m", "efr_cli", "worker"], settings, tmp_path / "worker.log")

    def shown() -> str:
        return requests.get(f"http://127.0.0.1:{port + 2}/metrics", timeout=10).text

    try:
        wait_until(lambda: worker.logged("worker started"), seconds=120)
        wait_until(lambda: "efr_oldest_message_seconds{" in shown(), seconds=60)
        asked = 'efr_engine_info{device="processor",engine="balanced",executor="processes"} 1.0'
        assert asked in shown()
        assert findings(shown()) == ""
    finally:
        worker.stop()
