"""The buffer between the thread that receives and those that handle."""

import threading

import pytest
from trial.waiting import wait_until

from core.ports import ReceivedMessage
from core.prefetch import Prefetched


def messages(count: int) -> list[ReceivedMessage]:
    return [
        ReceivedMessage(body=str(number), receipt=str(number), receive_count=1)
        for number in range(count)
    ]


class Taker(threading.Thread):
    """A thread that takes one message."""

    def __init__(self, buffer: Prefetched) -> None:
        super().__init__(daemon=True)
        self._buffer = buffer
        self.taken: list[ReceivedMessage | None] = []
        self.start()

    def run(self) -> None:
        self.taken.append(self._buffer.take())


@pytest.fixture
def buffer() -> Prefetched:
    return Prefetched(capacity=16)


def test_messages_are_taken_in_the_order_they_came(buffer: Prefetched) -> None:
    buffer.put(messages(3))

    assert [buffer.take(), buffer.take(), buffer.take()] == messages(3)


def test_a_full_batch_is_asked_for_once_it_has_run_low(buffer: Prefetched) -> None:
    buffer.put(messages(5))
    assert buffer.room() == 0

    buffer.take()

    assert buffer.wait_for_room() == 10


def test_no_more_is_asked_for_than_it_holds() -> None:
    buffer = Prefetched(capacity=4)
    buffer.put(messages(1))

    assert buffer.room() == 3


def test_nothing_is_asked_for_nor_given_while_it_is_held(buffer: Prefetched) -> None:
    buffer.put(messages(1))
    buffer.hold(True)
    assert (buffer.room(), buffer.take_at_once()) == (0, None)

    buffer.hold(False)

    assert buffer.take_at_once() == messages(1)[0]


def test_closing_returns_what_nobody_waits_for(buffer: Prefetched) -> None:
    buffer.put(messages(3))

    assert {message.body for message in buffer.close()} == {"0", "1", "2"}
    assert buffer.wait_for_room() == 0


def test_what_comes_after_closing_goes_to_a_waiting_thread_or_back(buffer: Prefetched) -> None:
    taker = Taker(buffer)
    wait_until(lambda: buffer.idle == 1)
    buffer.close()

    returned = buffer.put(messages(3))
    taker.join(timeout=10)

    assert taker.taken == messages(1)
    assert [message.body for message in returned] == ["2", "1"]


def test_end_wakes_those_that_wait(buffer: Prefetched) -> None:
    taker = Taker(buffer)

    buffer.end()
    taker.join(timeout=10)

    assert taker.taken == [None]


def test_end_wakes_those_that_wait_for_a_buffer_that_is_held(buffer: Prefetched) -> None:
    buffer.put(messages(1))
    buffer.hold(True)
    taker = Taker(buffer)

    assert buffer.end() == messages(1)
    taker.join(timeout=10)
    assert taker.taken == [None]
