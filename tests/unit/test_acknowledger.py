"""Deletions, several with one request."""

from collections.abc import Iterator

import pytest
from trial.waiting import wait_until

from core.acknowledger import Acknowledger
from core.ports import ReceivedMessage
from core.testing import ManualClock, MemoryQueue


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue(clock=ManualClock())


@pytest.fixture
def acknowledger(queue: MemoryQueue) -> Iterator[Acknowledger]:
    """Return an acknowledger whose thread runs."""
    acknowledger = Acknowledger(queue)
    acknowledger.start()
    yield acknowledger
    acknowledger.stop()


def received(queue: MemoryQueue, count: int) -> list[ReceivedMessage]:
    queue.send_many([str(number) for number in range(count)])
    return queue.receive(limit=count, wait_s=0)


def test_messages_are_deleted_ten_at_a_time(queue: MemoryQueue) -> None:
    acknowledger = Acknowledger(queue)
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


def test_stop_deletes_what_is_left(queue: MemoryQueue) -> None:
    acknowledger = Acknowledger(queue)
    acknowledger.start()
    for message in received(queue, 12):
        acknowledger.delete(message)

    acknowledger.stop()

    assert queue.bodies == []


def test_stop_deletes_what_is_left_where_no_thread_ran(queue: MemoryQueue) -> None:
    acknowledger = Acknowledger(queue)
    for message in received(queue, 12):
        acknowledger.delete(message)

    acknowledger.stop()

    assert queue.bodies == []


def test_refused_message_is_tried_again_alone(queue: MemoryQueue) -> None:
    acknowledger = Acknowledger(queue)
    queue.refusals = ["1", "1"]
    for message in received(queue, 3):
        acknowledger.delete(message)

    acknowledger.flush()

    assert queue.bodies == []
    assert queue.deletions == 3


def test_message_that_is_always_refused_is_left_in_the_queue(
    queue: MemoryQueue, caplog: pytest.LogCaptureFixture
) -> None:
    acknowledger = Acknowledger(queue)
    queue.refusals = ["1"] * 10
    for message in received(queue, 3):
        acknowledger.delete(message)

    acknowledger.flush()

    assert queue.bodies == ["1"]
    assert "messages were not deleted" in caplog.text


def test_absent_queue_does_not_end_the_thread(
    queue: MemoryQueue, acknowledger: Acknowledger, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = received(queue, 2)
    queue.available = False
    acknowledger.delete(first)
    wait_until(lambda: "messages were not deleted" in caplog.text)

    queue.available = True
    acknowledger.delete(second)

    wait_until(lambda: len(queue.bodies) < 2)
    assert queue.bodies == [first.body]
