"""A Ray cluster of the tests' own, in a process beside them.

It is not started in the tests' process: Ray forks, and libraries that other tests
loaded there have threads that may hold locks in that moment.
"""

import os
import secrets
import subprocess
import sys
from typing import Final, Self

from tests.support.photos import ROOT

CORES: Final = 3
"""Actors for which there is room."""

_SCRIPT: Final = f"""
import sys
from core.executors.ray_cluster import RayCluster
cluster = RayCluster(None, cores={CORES})
cluster.join()
import ray
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
cluster.leave()
"""


def access() -> dict[str, str]:
    """Return the variables by which a process may join the cluster."""
    names = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")
    return {name: os.environ[name] for name in names if name in os.environ}  # noqa: TID251


class LocalRay:
    """A cluster that ends with the tests, whatever ends them."""

    def start(self) -> Self:
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # noqa: TID251 - as Ray takes it
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        assert self.address, "Ray did not start"
        return self

    def stop(self) -> None:
        self._process.communicate(timeout=60)
