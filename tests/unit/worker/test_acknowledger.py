"""Deletions, several with one request."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from core.errors import QueueUnavailable
from core.ports import ReceivedMessage
from core.testing import ManualClock, MemoryQueue
from core.worker.acknowledger import Acknowledger
from core.worker.visibility_heartbeat import VisibilityHeartbeat
from harness.waiting import wait_until

VISIBILITY_S = 60


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(clock: ManualClock) -> MemoryQueue:
    return MemoryQueue(clock=clock, visibility_s=VISIBILITY_S)


@pytest.fixture
def heartbeat(queue: MemoryQueue, clock: ManualClock) -> VisibilityHeartbeat:
    return VisibilityHeartbeat(queue, visibility_s=VISIBILITY_S, interval_s=0, clock=clock)


@pytest.fixture
def acknowledger(queue: MemoryQueue, heartbeat: VisibilityHeartbeat) -> Iterator[Acknowledger]:
    """Return an acknowledger whose thread runs."""
    acknowledger = Acknowledger(queue, heartbeat)
    acknowledger.start()
    yield acknowledger
    acknowledger.stop()


def received(queue: MemoryQueue, count: int) -> list[ReceivedMessage]:
    queue.send_many([str(number) for number in range(count)])
    return queue.receive(limit=count, wait_s=0)


def test_messages_are_deleted_ten_at_a_time(
    queue: MemoryQueue, heartbeat: VisibilityHeartbeat
) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    for message in received(queue, 25):
        acknowledger.delete(message)

    acknowledger.flush()

    assert queue.bodies == []
    assert queue.deletions == 3


def test_messages_are_deleted_after_a_moment(
    queue: MemoryQueue, acknowledger: Acknowledger
) -> None:
    for message in received(queue, 3):
        acknowledger.delete(message)

    wait_until(lambda: queue.bodies == [])

    assert queue.deletions > 0


def test_stop_deletes_what_is_left(queue: MemoryQueue, heartbeat: VisibilityHeartbeat) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    acknowledger.start()
    for message in received(queue, 12):
        acknowledger.delete(message)

    acknowledger.stop()

    assert queue.bodies == []


def test_stop_deletes_what_is_left_where_no_thread_ran(
    queue: MemoryQueue, heartbeat: VisibilityHeartbeat
) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    for message in received(queue, 12):
        acknowledger.delete(message)

    acknowledger.stop()

    assert queue.bodies == []


def test_refused_message_is_tried_again_alone(
    queue: MemoryQueue, heartbeat: VisibilityHeartbeat
) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    queue.refusals = ["1", "1"]
    for message in received(queue, 3):
        acknowledger.delete(message)

    acknowledger.flush()

    assert queue.bodies == []
    assert queue.deletions == 3


def test_message_that_is_always_refused_is_left_in_the_queue(
    queue: MemoryQueue, heartbeat: VisibilityHeartbeat, caplog: pytest.LogCaptureFixture
) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    queue.refusals = ["1"] * 10
    for message in received(queue, 3):
        acknowledger.delete(message)

    acknowledger.flush()

    assert queue.bodies == ["1"]
    assert "messages were not deleted" in caplog.text


def test_absent_queue_does_not_end_the_thread(
    queue: MemoryQueue, acknowledger: Acknowledger, clock: ManualClock
) -> None:
    first, second = received(queue, 2)
    queue.available = False
    acknowledger.delete(first)
    wait_until(lambda: acknowledger.is_behind)

    queue.available = True
    clock.advance(1)
    acknowledger.delete(second)

    wait_until(lambda: not acknowledger.is_behind)
    assert queue.bodies == []


def test_message_that_the_queue_did_not_delete_stays_hidden_and_is_tried_again(
    queue: MemoryQueue, clock: ManualClock, heartbeat: VisibilityHeartbeat
) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    settled = received(queue, 3)
    queue.available = False
    for message in settled:
        acknowledger.delete(message)
    acknowledger.flush()

    queue.available = True
    for _ in range(4):
        clock.advance(VISIBILITY_S / 2)
        heartbeat.beat()
    assert len(queue.in_flight) == 3
    acknowledger.flush()

    assert queue.bodies == []
    assert not heartbeat.has_in_flight()


def test_pauses_between_tries_to_delete_grow(
    queue: MemoryQueue, clock: ManualClock, heartbeat: VisibilityHeartbeat
) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    (message,) = received(queue, 1)
    calls: list[float] = []

    def refuse(messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        calls.append(clock())
        raise QueueUnavailable("refused by the test")

    queue.delete_many = refuse  # type: ignore[method-assign]
    acknowledger.delete(message)
    for _ in range(50):
        acknowledger.flush()
        clock.advance(1)

    assert [later - earlier for earlier, later in pairwise(calls)] == [1, 2, 4, 8, 16]


def test_message_that_was_lost_meanwhile_is_not_tried_again(
    queue: MemoryQueue, clock: ManualClock, heartbeat: VisibilityHeartbeat
) -> None:
    acknowledger = Acknowledger(queue, heartbeat)
    (message,) = received(queue, 1)
    queue.available = False
    acknowledger.delete(message)
    acknowledger.flush()

    clock.advance(VISIBILITY_S + 1)
    acknowledger.flush()

    assert not acknowledger.is_behind
