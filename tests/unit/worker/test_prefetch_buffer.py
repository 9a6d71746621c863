"""The buffer between the thread that receives and those that handle."""

import threading

import pytest

from core.ports import ReceivedMessage
from core.testing import ManualClock, MemoryQueue
from core.worker.attempts import CROWD, Attempt
from core.worker.delivery import Delivery, Inbox
from core.worker.prefetch_buffer import PrefetchBuffer
from harness.waiting import wait_until

MAX_RECEIVE_COUNT = 5


def deliveries(count: int, *, receive_count: int = 1) -> list[Delivery]:
    """Return deliveries of messages whose bodies are numbers."""
    queue = MemoryQueue(clock=ManualClock())
    inbox = Inbox(
        "lane",
        queue,
        queue,
        max_receive_count=MAX_RECEIVE_COUNT,
        visibility_s=60,
        heartbeat_s=0,
    )
    return [
        Delivery(
            message=ReceivedMessage(
                body=str(number), receipt=str(number), receive_count=receive_count
            ),
            inbox=inbox,
        )
        for number in range(count)
    ]


class Taker(threading.Thread):
    """A thread that takes one message."""

    def __init__(self, buffer: PrefetchBuffer) -> None:
        super().__init__(daemon=True)
        self._buffer = buffer
        self.taken: list[str | None] = []
        self.start()

    def run(self) -> None:
        attempt = self._buffer.take()
        self.taken.append(attempt.delivery.body if attempt else None)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def buffer(clock: ManualClock) -> PrefetchBuffer:
    return PrefetchBuffer(capacity=16, clock=clock)


def test_messages_are_taken_in_the_order_they_came(buffer: PrefetchBuffer) -> None:
    buffer.put(deliveries(3))

    attempts = [buffer.take_at_once() for _ in range(3)]

    assert [attempt.delivery.body for attempt in attempts if attempt] == ["0", "1", "2"]


def test_a_full_batch_is_asked_for_once_it_has_run_low(buffer: PrefetchBuffer) -> None:
    buffer.put(deliveries(5))
    assert buffer.room() == 0

    buffer.take()

    assert buffer.wait_for_room() == 10


def test_no_more_is_asked_for_than_it_holds() -> None:
    buffer = PrefetchBuffer(capacity=4)
    buffer.put(deliveries(1))

    assert buffer.room() == 3


def broken_off(buffer: PrefetchBuffer) -> Attempt:
    """Return an attempt at the next message, once it was broken off."""
    attempt = buffer.take_at_once()
    assert attempt is not None
    buffer.set_aside(attempt)
    return attempt


def test_one_message_at_a_time_is_given_while_the_breaker_is_open(
    buffer: PrefetchBuffer, clock: ManualClock
) -> None:
    buffer.put(deliveries(3))
    broken_off(buffer)

    probe = buffer.take_at_once()

    assert probe is not None
    assert probe.is_probe
    clock.advance(600)
    assert buffer.take_at_once() is None


def test_pauses_between_probes_grow_to_a_minute(buffer: PrefetchBuffer, clock: ManualClock) -> None:
    buffer.put(deliveries(10))
    broken_off(buffer)
    pauses = []
    for _ in range(8):
        waited = 0
        while (probe := buffer.take_at_once()) is None:
            clock.advance(1)
            waited += 1
        buffer.set_aside(probe)
        pauses.append(waited)

    assert pauses == [0, 1, 2, 4, 8, 16, 32, 60]


def test_nothing_is_asked_for_in_doubt_while_a_message_was_not_tried(
    buffer: PrefetchBuffer, clock: ManualClock
) -> None:
    buffer.put(deliveries(2))
    broken_off(buffer)
    clock.advance(600)
    assert buffer.room() == 0

    broken_off(buffer)
    assert buffer.room() == 0
    clock.advance(1)
    assert buffer.room() == 1


def test_answer_ends_the_doubt_and_all_are_tried_again(
    buffer: PrefetchBuffer, clock: ManualClock
) -> None:
    buffer.put(deliveries(3))
    broken_off(buffer)
    broken_off(buffer)
    clock.advance(1)
    assert buffer.take_at_once() is not None

    buffer.answered()

    again = [buffer.take_at_once() for _ in range(3)]
    assert [attempt and attempt.failures for attempt in again] == [1, 1, None]
    assert buffer.room() == 10


def test_one_odd_job_raises_no_doubt_again(buffer: PrefetchBuffer, clock: ManualClock) -> None:
    buffer.put(deliveries(1))
    broken_off(buffer)
    buffer.answered()
    clock.advance(1)

    odd = broken_off(buffer)

    assert odd.is_odd
    assert not odd.is_last
    assert buffer.room() == 10


def test_odd_job_is_given_up_after_five_minutes_and_an_hour_at_its_last_receive(
    buffer: PrefetchBuffer, clock: ManualClock
) -> None:
    buffer.put(deliveries(1) + deliveries(1, receive_count=MAX_RECEIVE_COUNT))
    broken_off(buffer)
    broken_off(buffer)
    tried: dict[int, float] = {}
    started_s = clock()
    while len(tried) < 2:
        clock.advance(1)
        buffer.answered()
        while (attempt := buffer.take_at_once()) is not None:
            if attempt.is_last:
                tried[attempt.delivery.receive_count] = clock() - started_s
            else:
                buffer.set_aside(attempt)

    assert 300 <= tried[1] <= 360
    assert 3600 <= tried[5] <= 3660


def test_crowd_of_odd_jobs_makes_room_for_others(
    buffer: PrefetchBuffer, clock: ManualClock
) -> None:
    buffer.put(deliveries(30))
    for _ in range(30):
        broken_off(buffer)
        buffer.answered()
    clock.advance(2)

    given_up = 0
    while (attempt := buffer.take_at_once()) is not None and attempt.is_last:
        given_up += 1

    assert given_up == 30 - CROWD


def test_closing_returns_what_nobody_waits_for(buffer: PrefetchBuffer) -> None:
    buffer.put(deliveries(3))

    assert {delivery.body for delivery in buffer.close()} == {"0", "1", "2"}
    assert buffer.wait_for_room() == 0


def test_what_comes_after_closing_goes_to_a_waiting_thread_or_back(buffer: PrefetchBuffer) -> None:
    taker = Taker(buffer)
    wait_until(lambda: buffer.idle == 1)
    buffer.close()

    returned = buffer.put(deliveries(3))
    taker.join(timeout=10)

    assert taker.taken == ["0"]
    assert [delivery.body for delivery in returned] == ["2", "1"]


def test_end_wakes_those_that_wait(buffer: PrefetchBuffer) -> None:
    taker = Taker(buffer)

    buffer.end()
    taker.join(timeout=10)

    assert taker.taken == [None]


def test_end_wakes_waiting_threads_and_returns_all_while_the_breaker_is_open(
    buffer: PrefetchBuffer,
) -> None:
    buffer.put(deliveries(3))
    broken_off(buffer)
    broken_off(buffer)
    taker = Taker(buffer)

    assert {delivery.body for delivery in buffer.end()} == {"0", "1", "2"}
    taker.join(timeout=10)
    assert taker.taken == [None]
