"""A real Prometheus reads a real service, whose processes are killed meanwhile."""

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
from harness.watched.prometheus import Prometheus, panel_queries
from tests.support.backends import home_settings
from tests.support.photos import sample
from tests.support.service import settings_of
from tests.support.services.prometheus_server import binary

PHOTO = "Barack Obama/obama2.jpg"
UPLOADS = 12
MOST_SERIES = 500


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
            asked = [binary("promtool"), "check", "metrics"]
            subprocess.run(asked, input=text, text=True, check=True, capture_output=True)
        stored = Home.made(watched.settings).bucket(watched.settings.s3_out_bucket)
        assert sum(map(is_job_id, all_keys(stored))) == UPLOADS
        with_result = 'sum(efr_jobs_total{outcome=~"done|failed|dead-lettered|swept"})'
        wait_until(lambda: server.value(with_result) == UPLOADS, seconds=30)
        wait_until(lambda: server.value("max(efr_workers{state='there'})") == 1, seconds=30)
        assert server.fallen() == []
        for query in panel_queries():
            server.ask(query.replace("$__rate_interval", "1m"))
