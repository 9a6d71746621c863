"""The real processes of the service, pointed at a LocalStack."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import boto3
import psutil
import requests

from core.settings import Settings
from tests.support.localstack import free_port
from tests.support.models import models_dir
from tests.support.photos import ROOT
from tests.support.waiting import wait_until


def environment(settings: Settings, changes: dict[str, str]) -> dict[str, str]:
    """Return the settings as variables, beside what a process needs from its parent."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
    given = settings.model_dump(mode="python", exclude_none=True)
    for name in ("aws_access_key_id", "aws_secret_access_key"):
        given[name] = given[name].get_secret_value()
    given["allowed_buckets"] = ",".join(settings.allowed_buckets)
    return inherited | {name.upper(): str(value) for name, value in given.items()} | changes


class Process:
    """A process of the service and its log."""

    def __init__(self, command: list[str], settings: Settings, log: Path, **changes: str) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment(settings, changes),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def logged(self, text: str) -> bool:
        return text in self.log.read_text()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = 60) -> int:
        """Return the exit code once the process has ended."""
        return self._process.wait(timeout=seconds)

    def stop(self) -> None:
        """End the process, politely if it still listens."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class WorkerProcess(Process):
    """``app-tier/backend.py``."""

    def __init__(self, settings: Settings, log: Path, **changes: str) -> None:
        super().__init__([sys.executable, "app-tier/backend.py"], settings, log, **changes)

    def started(self) -> Self:
        wait_until(lambda: self.logged("worker started"), seconds=180, what="the worker to start")
        return self

    def children(self) -> list[psutil.Process]:
        """Return the child processes that recognise."""
        return [
            child
            for child in psutil.Process(self.pid).children()
            if "spawn_main" in " ".join(child.cmdline())
        ]


class WebProcess(Process):
    """gunicorn with the web tier."""

    def __init__(self, settings: Settings, log: Path) -> None:
        gunicorn = str(Path(sys.executable).with_name("gunicorn"))
        super().__init__([gunicorn, "--config", "web-tier/gunicorn.conf.py"], settings, log)
        self.address = f"http://127.0.0.1:{settings.web_port}"

    def started(self) -> Self:
        wait_until(self._is_up, seconds=180, what="the web tier to start")
        return self

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=5).ok
        except requests.RequestException:
            return False


class Counts:
    """How much lies in the queues and buckets, asked directly."""

    def __init__(self, settings: Settings) -> None:
        assert settings.aws_secret_access_key is not None
        session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
        )
        self._settings = settings
        self._sqs = session.client("sqs", endpoint_url=settings.aws_endpoint_url)
        self._s3 = session.client("s3", endpoint_url=settings.aws_endpoint_url)

    def visible(self) -> int:
        return self._messages("ApproximateNumberOfMessages")

    def in_flight(self) -> int:
        return self._messages("ApproximateNumberOfMessagesNotVisible")

    def objects(self, bucket: str) -> int:
        return int(self._s3.list_objects_v2(Bucket=bucket)["KeyCount"])

    def is_nothing_left(self) -> bool:
        """Tell whether there is no message and no uploaded photo."""
        inputs = self.objects(self._settings.s3_in_bucket)
        return self.visible() + self.in_flight() + inputs == 0

    def _messages(self, attribute: str) -> int:
        url = self._sqs.get_queue_url(QueueName=self._settings.sqs_req_queue_name)["QueueUrl"]
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])  # type: ignore[list-item]
        return int(answer["Attributes"][attribute])  # type: ignore[index]


def settings_of(**changes: object) -> dict[str, object]:
    """Return settings that suit a test: short times and a free port."""
    return {
        "web_host": "127.0.0.1",
        "web_port": free_port(),
        "web_processes": 1,
        "worker_processes": 1,
        "sqs_wait_time_seconds": 1,
        "sqs_visibility_timeout_seconds": 4,
        "visibility_heartbeat_seconds": 1,
        "retry_backoff_seconds": 1,
        "dead_letter_sweep_seconds": 1,
        "gallery_refresh_seconds": 0.5,
        "face_models_dir": models_dir(),
        **changes,
    }
