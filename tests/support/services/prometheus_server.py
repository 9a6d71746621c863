"""A real Prometheus with the rules of ``deploy/prometheus``, on a port of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from core.settings import Settings
from harness.localstack import free_port
from harness.waiting import wait_until
from scripts.observe import command, written

WITHOUT: Final = "WITHOUT_PROMETHEUS"
"""Set by .ci/run where Prometheus can't be installed."""


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    address: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the series that a query finds now; fail if it can't be read."""
        found = requests.get(
            f"{self.address}/api/v1/query", params={"query": query}, timeout=10
        ).json()
        assert found["status"] == "success", found
        result: list[dict[str, Any]] = found["data"]["result"]
        return result

    def firing(self) -> set[str]:
        """Return the alerts that fire now."""
        found = requests.get(f"{self.address}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}


def binary(name: str) -> str:
    """Return a program of Prometheus'; skip on a developer's machine without, and fail in CI."""
    found = shutil.which(name)
    if found:
        return found
    message = f"{name} is not installed: apt-get install prometheus"
    given = os.environ  # noqa: TID251 - facts about the machine, not settings
    if given.get("CI") and not given.get(WITHOUT):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def prometheus(settings: Settings, folder: Path) -> Iterator[Prometheus]:
    """Run Prometheus on the service of the settings."""
    port = free_port()
    file = written(settings, folder)
    quicker = file.read_text().replace("_interval: 5s", "_interval: 1s")
    file.write_text(quicker)
    started = subprocess.Popen(command(binary("prometheus"), file, port=port))
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _is_up(address), seconds=60, what="Prometheus to start")
        yield Prometheus(address)
    finally:
        started.terminate()
        started.wait(timeout=30)


def _is_up(address: str) -> bool:
    try:
        return requests.get(f"{address}/-/ready", timeout=5).ok
    except requests.RequestException:
        return False
