"""What the autoscaler shows of the queues, with no worker there to tell."""

from dataclasses import replace
from pathlib import Path

from prometheus_client import REGISTRY

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.run_autoscaler import queue_gauges
from core.home.home import Home
from core.testing import ManualClock
from tests.support.backends import home_settings
from tests.support.infrastructure import MemoryInfrastructure


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_wait_on_a_home_is_known_while_no_worker_runs(tmp_path: Path) -> None:
    settings, clock = home_settings(tmp_path / "home"), ManualClock()
    home = replace(Home.made(settings), clock=clock)
    infrastructure = replace(
        Infrastructure.of(settings), depth=home.depth, waiting_s=home.waiting_s
    )
    home.queue(settings.sqs_req_queue_name).send("a job")
    clock.advance(45)

    queue_gauges(settings, infrastructure).look()

    assert shown("efr_oldest_message_seconds", queue="interactive") == 45
    assert shown("efr_oldest_message_seconds", queue="bulk") == 0
    assert shown("efr_queue_messages", queue="interactive", state="waiting") == 1


def test_wait_stays_as_workers_saw_it_where_the_queue_does_not_tell() -> None:
    memory = MemoryInfrastructure()
    before = shown("efr_oldest_message_seconds", queue="interactive")
    memory.queue(memory.settings.sqs_req_queue_name).send("a job")

    queue_gauges(memory.settings, memory.joined()).look()

    assert shown("efr_oldest_message_seconds", queue="interactive") == before
    assert shown("efr_queue_messages", queue="interactive", state="waiting") == 1
