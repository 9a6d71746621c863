"""The autoscaler daemon with real workers, on LocalStack."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.jobs.recognition_job import Job
from core.jobs.results import Results
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import Process
from harness.waiting import wait_until
from tests.support.backends import aws_backends, own_names
from tests.support.photos import sample
from tests.support.service import Counts, settings_of

TUNING = {
    "MAX_WORKERS": "2",
    "TARGET_LATENCY_SECONDS": "1",
    "SCALE_IN_COOLDOWN_SECONDS": "2",
    "AUTOSCALER_INTERVAL_SECONDS": "0.3",
}


def workers(daemon: Process) -> list[psutil.Process]:
    return psutil.Process(daemon.pid).children()


@pytest.fixture
def settings(localstack: LocalStack) -> Settings:
    names = own_names()
    return localstack.settings(**names, **settings_of())


@pytest.fixture
def daemon(settings: Settings, tmp_path: Path) -> Iterator[Process]:
    command = [sys.executable, "-m", "efr_cli", "autoscaler"]
    process = Process(command, settings, tmp_path / "autoscaler.log", **TUNING)
    yield process
    process.stop()


def test_workers_come_with_jobs_and_go_when_all_are_answered(
    settings: Settings, daemon: Process
) -> None:
    backends = aws_backends(settings)
    results, counts = Results(backends.outputs), Counts(settings)
    wait_until(lambda: daemon.logged("autoscaler started"), what="the daemon to start")
    assert workers(daemon) == []
    jobs = [Job.new(f"{number}.jpg") for number in range(6)]
    photo = sample("Barack Obama/obama.jpg")
    for job in jobs:
        backends.inputs.put(job.input_key, photo, content_type="image/jpeg")
        backends.queue.send(job.body)

    wait_until(lambda: workers(daemon), what="a worker to be started")
    wait_until(
        lambda: all(results.read(job.job_id) for job in jobs), seconds=60, what="the answers"
    )
    wait_until(lambda: not workers(daemon), seconds=60, what="the workers to end")

    answers = [results.read(job.job_id) for job in jobs]
    assert [answer and answer.status for answer in answers] == ["done"] * 6
    assert counts.visible() + counts.in_flight() == 0
    lines = [json.loads(line) for line in daemon.log.read_text().splitlines() if "{" in line]
    sizes = [line["workers"] for line in lines if line["message"] == "fleet was scaled"]
    assert sizes[0] in (1, 2)
    assert sizes[-1] == 0


def test_daemon_takes_its_workers_along_when_it_is_told_to_stop(
    settings: Settings, daemon: Process
) -> None:
    backends = aws_backends(settings)
    backends.queue.send(Job.new("nothing.jpg").body)
    wait_until(lambda: daemon.logged("worker started"), seconds=60, what="a worker")
    (worker, *_) = workers(daemon)

    daemon.send(signal.SIGTERM)

    assert daemon.wait() == 0
    assert not worker.is_running()
    assert daemon.logged("worker stopped")


def test_bad_setting_stops_the_start_and_is_named(settings: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "efr_cli", "autoscaler"]
    daemon = Process(command, settings, tmp_path / "bad.log", MAX_WORKERS="many")

    assert daemon.wait() == 2
    assert daemon.logged("MAX_WORKERS")
