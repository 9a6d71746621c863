"""What goes wrong on purpose for each alert, and how it ends."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final

import requests
from PIL import Image

from core.ground.ids import new_id
from harness.collectors.http_thread import HttpThread, QuietHandler
from harness.localstack import ROOT
from harness.processes import environment
from harness.watched.scene import Scene
from harness.watched.visitors import Visitors

_TIMEOUT_S: Final = 30
_CROWD: Final = 10
_SIDE: Final = 6_000
_BACKLOG_S: Final = 65
"""For so long the workers have to do when a crowd has come."""


Happens = Callable[[Scene], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens while ``happens`` is entered, and the alerts that it must fire."""

    name: str
    happens: Happens
    alerts: tuple[str, ...]


@contextmanager
def aws_away(scene: Scene) -> Iterator[None]:
    """Let S3 and SQS refuse every connection."""
    scene.stack.proxy.refuse(True)
    scene.stack.proxy.cut()
    try:
        yield
    finally:
        scene.stack.proxy.refuse(False)


@contextmanager
def unreadable_message(scene: Scene) -> Iterator[None]:
    """Send what no worker can read; in the end purge it, as an operator does."""
    settings = scene.stack.settings
    scene.stack.ports.queue(settings.sqs_req_queue_name).send(f"{new_id()}:v2")
    yield
    purge = [sys.executable, "-m", "efr_cli", "dead-letters", "purge", "--yes"]
    subprocess.run(
        purge, cwd=ROOT, env=environment(settings, {}), check=True, stdout=subprocess.DEVNULL
    )


@contextmanager
def redis_away(scene: Scene) -> Iterator[None]:
    """Kill Redis, and start it again at the same address."""
    scene.redis.stop()
    yield
    scene.redis.start()


@contextmanager
def receiver_gone(scene: Scene) -> Iterator[None]:
    """Let a webhook's receiver answer 410; in the end remove the webhook."""
    webhooks = f"{scene.stack.address}/webhooks"
    with _Gone() as receiver:
        asked = {"url": receiver.url, "events": ["job.done"]}
        made = requests.post(webhooks, json=asked, timeout=_TIMEOUT_S)
        made.raise_for_status()
        yield
        webhook = f"{webhooks}/{made.json()['webhook_id']}"
        requests.delete(webhook, timeout=_TIMEOUT_S).raise_for_status()


@contextmanager
def workers_hang(scene: Scene) -> Iterator[None]:
    """Stop every worker while photos go on to come."""
    pids = scene.stack.worker_pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def crowd(scene: Scene) -> Iterator[None]:
    """Let many upload large photos at once, until the workers have to do for long."""

    def is_enough() -> bool:
        done = scene.server.value('sum(rate(efr_jobs_total{outcome="done"}[30s]))')
        return scene.stack.depth().visible > _BACKLOG_S * max(done, 0.5)

    with Visitors(
        f"{scene.stack.address}/",
        [_large(photo) for photo in scene.photos],
        every_s=1,
        collection_id=scene.collection_id,
        clients=_CROWD,
        rests=is_enough,
    ):
        yield


@contextmanager
def web_ended(scene: Scene) -> Iterator[None]:
    """End the web tier, and start another one."""
    scene.stack.web.stop()
    yield
    scene.stack.start_web().started()


FAULTS: Final = (
    Fault(
        name="S3 and SQS refuse connections",
        happens=aws_away,
        alerts=("DependencyAway", "GalleryStale", "RequestsFailFast", "RequestsFailSlowly"),
    ),
    Fault(name="a message is no job", happens=unreadable_message, alerts=("DeadLetters",)),
    Fault(name="Redis is killed", happens=redis_away, alerts=("CacheAway",)),
    Fault(
        name="a webhook's receiver answers 410", happens=receiver_gone, alerts=("WebhookGivenUp",)
    ),
    Fault(name="all workers hang", happens=workers_hang, alerts=("NoWorkerTakesMessages",)),
    Fault(
        name="a crowd uploads at once",
        happens=crowd,
        alerts=("MessagesWaitLong", "AllWorkersAtWork"),
    ),
    Fault(name="the web tier ends", happens=web_ended, alerts=("MetricsMissing",)),
)


def _large(photo: bytes) -> bytes:
    """Return a photo on so large a ground that a worker has to do with it for long."""
    ground = Image.new("RGB", (_SIDE, _SIDE))
    ground.paste(Image.open(io.BytesIO(photo)))
    file = io.BytesIO()
    ground.save(file, "PNG", compress_level=1)
    return file.getvalue()


class _Gone(HttpThread):
    """A receiver of webhooks that is no more."""

    def __init__(self) -> None:
        self.listen(_GoneHandler)

    @property
    def url(self) -> str:
        return f"{self.address}/events"


class _GoneHandler(QuietHandler):
    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        self.answer(410)
