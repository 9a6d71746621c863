"""The autoscaler's loop, on a fleet and a queue in memory."""

import threading
from dataclasses import dataclass, field

import pytest

from core.bootstrap.run_autoscaler import build_autoscaler
from core.errors import QueueUnavailable
from core.ground.ids import new_id
from core.ground.storage_keys import LAST_WORK
from core.scaling.autoscaler import Autoscaler
from core.scaling.policy import Depth, Limits
from core.testing import ManualClock
from tests.support.infrastructure import MemoryInfrastructure

LIMITS = Limits(max_workers=15, children=1, target_latency_s=5, cool_down_s=60)


@dataclass
class Fleet:
    """Workers that start and stop at once, and a queue of a settable depth."""

    workers: int = 0
    depth: Depth = field(default_factory=lambda: Depth(visible=0, in_flight=0))
    orders: list[int] = field(default_factory=list)
    available: bool = True
    closed: bool = False

    def count(self) -> int:
        return self.workers

    def scale_to(self, workers: int) -> None:
        self.orders.append(workers)
        self.workers = workers

    def close(self) -> None:
        self.closed = True

    def look(self) -> Depth:
        if not self.available:
            raise QueueUnavailable("SQS is away")
        return self.depth


def autoscaler(fleet: Fleet, clock: ManualClock, *, interval_s: float = 0.01) -> Autoscaler:
    return Autoscaler(
        depth=fleet.look,
        worked=lambda: False,
        fleet=fleet,
        limits=LIMITS,
        interval_s=interval_s,
        clock=clock,
    )


def test_fleet_follows_the_queue_up_and_down_to_nothing() -> None:
    fleet, clock = Fleet(), ManualClock()
    scaler = autoscaler(fleet, clock)

    for visible in (1, 100, 0, 0):
        fleet.depth = Depth(visible=visible, in_flight=0)
        scaler.step()
        clock.advance(60)

    assert fleet.orders == [1, 10, 0]


def test_worker_that_died_is_replaced() -> None:
    fleet = Fleet(depth=Depth(visible=1, in_flight=0))
    scaler = autoscaler(fleet, ManualClock())
    scaler.step()

    fleet.workers = 0
    scaler.step()

    assert fleet.orders == [1, 1]


def test_measured_pace_replaces_the_guess() -> None:
    fleet, clock = Fleet(workers=15, depth=Depth(visible=190, in_flight=10)), ManualClock()
    scaler = autoscaler(fleet, clock)
    scaler.step()

    clock.advance(1)
    fleet.depth = Depth(visible=80, in_flight=20)
    scaler.step()
    clock.advance(60)
    decision = scaler.step()

    assert decision.workers == 15
    assert [each.workers for each in decision.history] == [3, 3]


def test_fleet_is_left_alone_while_sqs_is_away() -> None:
    fleet = Fleet(workers=3, available=False)

    with pytest.raises(QueueUnavailable):
        autoscaler(fleet, ManualClock()).step()

    assert fleet.orders == []


def test_loop_goes_on_after_errors_and_closes_the_fleet_at_its_end() -> None:
    fleet = Fleet(available=False)
    scaler = autoscaler(fleet, ManualClock())
    scaled = threading.Event()

    def scale_to(workers: int) -> None:
        scaled.set()

    fleet.scale_to = scale_to  # type: ignore[method-assign]
    thread = threading.Thread(target=scaler.run)
    thread.start()
    fleet.depth = Depth(visible=1, in_flight=0)
    fleet.available = True

    assert scaled.wait(10)
    scaler.stop()
    thread.join(10)
    assert fleet.closed


def test_daemon_looks_at_both_queues_and_at_what_workers_note() -> None:
    memory, fleet = MemoryInfrastructure(), Fleet()
    scaler = build_autoscaler(memory.settings, memory.joined(), fleet)
    gallery = memory.bucket(memory.settings.s3_gallery_bucket)
    for name in (memory.settings.sqs_req_queue_name, memory.settings.sqs_index_queue_name):
        queue = memory.queue(name)
        queue.send("a job")
        scaler.step()
        assert fleet.orders.pop() == 1
        queue.delete_many(queue.receive(limit=1, wait_s=0))
        fleet.workers = 0

    fleet.workers = 1
    for _ in range(10):
        gallery.put(LAST_WORK, new_id().encode(), content_type="text/plain")
        scaler.step()
        memory.clock.advance(memory.settings.scale_in_cooldown_seconds)
    assert fleet.workers == 1

    for _ in range(2):
        memory.clock.advance(memory.settings.scale_in_cooldown_seconds)
        scaler.step()
    assert fleet.workers == 0
