"""The whole service: LocalStack, gunicorn, worker; sample people enrolled."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from core.aws.provisioning import provision
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import WebProcess, WorkerProcess, environment
from tests.support.backends import own_names
from tests.support.photos import ROOT, SAMPLES
from tests.support.service import Counts, settings_of


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service and how its users reach it."""

    settings: Settings
    web: WebProcess
    worker: WorkerProcess | None
    counts: Counts

    @property
    def address(self) -> str:
        return self.web.address

    def upload(
        self, photo: bytes, filename: str = "photo.jpg", **headers: str
    ) -> requests.Response:
        return requests.post(
            f"{self.address}/",
            files={"inputFile": (filename, photo)},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            timeout=120,
        )

    def result_of(self, photo: bytes) -> dict[str, Any]:
        """Upload a photo and return the finished job."""
        answer = self.upload(photo)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result


def enrol(settings: Settings, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the enrolment script as a user would."""
    return subprocess.run(
        [sys.executable, "scripts/enroll.py", str(folder), *options],
        cwd=ROOT,
        env=environment(settings, {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def running_service(localstack: LocalStack, logs: Path, **changes: object) -> Iterator[Service]:
    """Yield a service of its own that knows nobody; stop it at the end."""
    usual = {"worker_processes": "auto", "sqs_visibility_timeout_seconds": 60, "max_file_mb": 1}
    settings = localstack.settings(**own_names(), **settings_of(**{**usual, **changes}))
    provision(settings)
    web = WebProcess(settings, logs / "web.log")
    worker = WorkerProcess(settings, logs / "worker.log")
    try:
        web.started()
        worker.started()
        yield Service(settings=settings, web=web, worker=worker, counts=Counts(settings))
    finally:
        web.stop()
        worker.stop()


@pytest.fixture(scope="session")
def service(localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a running service that knows the people on the sample photos."""
    with running_service(localstack, tmp_path_factory.mktemp("service")) as running:
        enrolled = enrol(running.settings, SAMPLES)
        assert enrolled.returncode == 0, enrolled.stderr
        yield running


@pytest.fixture
def new_service(
    localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Return a running service of the test's own, which knows nobody yet."""
    with running_service(localstack, tmp_path_factory.mktemp("new-service")) as running:
        yield running


@pytest.fixture(scope="session")
def web_alone(
    localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Return a web tier without a worker: what it accepts stays where it put it."""
    settings = localstack.settings(**own_names(), **settings_of(max_file_mb=1, max_wait_seconds=1))
    provision(settings)
    web = WebProcess(settings, tmp_path_factory.mktemp("web-alone") / "web.log")
    try:
        web.started()
        yield Service(settings=settings, web=web, worker=None, counts=Counts(settings))
    finally:
        web.stop()
