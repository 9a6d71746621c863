"""The service that something goes wrong with, and the Prometheus that looks on."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.settings import Settings
from harness.localstack import ROOT, free_port
from harness.processes import environment
from harness.stack import Stack
from harness.watched.prometheus import Prometheus
from harness.watched.redis_server import RedisServer

_COLLECTION: Final = "watched"
_SETTINGS: Final[dict[str, object]] = {
    "web_processes": 1,
    "max_workers": 1,
    "worker_processes": 1,
    "result_cache_seconds": 60,
    "rate_limit_bulk_per_address": "2/hour",
    "rate_limit_recognition_per_address": "100000/minute",
    "webhook_allow_private": ("127.0.0.1",),
    "sqs_wait_time_seconds": 2,
    "sqs_visibility_timeout_seconds": 10,
    "visibility_heartbeat_seconds": 3,
    "dead_letter_sweep_seconds": 2,
    "retry_backoff_seconds": 1,
    "shutdown_grace_seconds": 5,
}
"""One worker, and short times of what is no alert's."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The parts of a service that something can happen to; Prometheus looks on."""

    stack: Stack
    redis: RedisServer
    server: Prometheus
    photos: tuple[bytes, ...]
    collection_id: str


@contextmanager
def scene(
    folder: Path, photos: Path, *, models_dir: Path, every_s: int | None = None, **watched: Any
) -> Iterator[Scene]:
    """Start everything; ``watched`` are options of `Prometheus`."""
    redis = RedisServer(folder / "redis").start()
    own = {"face_models_dir": models_dir, "metrics_port": free_port(), "redis_url": redis.url}
    with ExitStack() as parts:
        parts.callback(redis.stop)
        stack = parts.enter_context(
            Stack(folder / "service", workers=0, exposed=True, **_SETTINGS | own)
        )
        _enrol(stack.settings, photos)
        stack.start_autoscaler()
        server = Prometheus(stack.settings, folder / "prometheus", every_s=every_s, **watched)
        yield Scene(
            stack=stack,
            redis=redis,
            server=parts.enter_context(server),
            photos=tuple(each.read_bytes() for each in sorted(photos.glob("*/*.jpg"))),
            collection_id=_COLLECTION,
        )


def _enrol(settings: Settings, photos: Path) -> None:
    subprocess.run(
        [sys.executable, "scripts/enroll.py", str(photos), "--collection", _COLLECTION],
        cwd=ROOT,
        env=environment(settings, {}),
        check=True,
        stdout=subprocess.DEVNULL,
    )
