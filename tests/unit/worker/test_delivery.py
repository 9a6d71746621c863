"""The verbs that settle a message."""

from dataclasses import dataclass, field

import pytest

from core.errors import QueueUnavailable
from core.testing import ManualClock, MemoryQueue
from core.worker.delivery import Delivery, Inbox
from core.worker.unreadable import REASON

VISIBILITY_S = 60
MAX_RECEIVE_COUNT = 2


@dataclass(kw_only=True)
class Desk:
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.dead_letters = MemoryQueue(clock=self.clock)
        self.queue = MemoryQueue(
            clock=self.clock,
            visibility_s=VISIBILITY_S,
            max_receive_count=MAX_RECEIVE_COUNT,
            dead_letters=self.dead_letters,
        )
        self.inbox = Inbox(
            "lane",
            self.queue,
            self.dead_letters,
            max_receive_count=MAX_RECEIVE_COUNT,
            visibility_s=VISIBILITY_S,
            heartbeat_s=0,
            clock=self.clock,
        )

    def receive(self, *bodies: str) -> list[Delivery]:
        self.queue.send_many(bodies)
        return self.inbox.receive(limit=10, wait_s=0)

    def receive_for_the_last_time(self, *bodies: str) -> list[Delivery]:
        self.receive(*bodies)
        self.clock.advance(VISIBILITY_S)
        return self.receive()

    def visible(self) -> list[str]:
        return [message.body for message in self.queue.receive(limit=10, wait_s=0)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_received_message_is_hidden_and_in_flight(desk: Desk) -> None:
    (delivery,) = desk.receive("a")

    assert delivery.is_hidden
    assert desk.inbox.is_busy()
    assert desk.visible() == []


def test_acknowledged_message_is_deleted(desk: Desk) -> None:
    (delivery,) = desk.receive("a")

    delivery.acknowledge()
    desk.inbox.flush()

    assert desk.queue.bodies == []
    assert not desk.inbox.is_busy()


def test_retried_message_comes_back_after_the_pause(desk: Desk) -> None:
    (delivery,) = desk.receive("a")

    delivery.retry(after_s=5)

    assert not delivery.is_hidden
    assert desk.visible() == []
    desk.clock.advance(5)
    assert desk.visible() == ["a"]


def test_message_that_is_given_up_after_its_last_receive_is_a_dead_letter(desk: Desk) -> None:
    (delivery,) = desk.receive_for_the_last_time("a")
    assert delivery.is_last_receive

    delivery.give_up()

    assert desk.visible() == []
    assert desk.dead_letters.bodies == ["a"]


def test_dead_letter_notes_its_reason(desk: Desk) -> None:
    (delivery,) = desk.receive("a")

    delivery.dead_letter("it names no job")
    desk.inbox.flush()

    assert desk.queue.bodies == []
    (letter,) = desk.dead_letters.receive(limit=1, wait_s=0)
    assert letter.notes == {REASON: "it names no job"}


def test_message_that_cannot_be_a_dead_letter_is_kept(desk: Desk) -> None:
    (delivery,) = desk.receive("a")
    desk.dead_letters.available = False

    with pytest.raises(QueueUnavailable):
        delivery.dead_letter("it names no job")
    desk.inbox.flush()

    assert delivery.is_hidden
    assert desk.queue.bodies == ["a"]


def test_released_messages_are_visible_at_once(desk: Desk) -> None:
    deliveries = desk.receive("a", "b")

    desk.inbox.release(deliveries)

    assert desk.visible() == ["a", "b"]
    assert not desk.inbox.is_busy()


def test_message_at_its_last_receive_is_released_as_a_copy(desk: Desk) -> None:
    (delivery,) = desk.receive_for_the_last_time("a")

    delivery.release()
    desk.inbox.flush()

    (again,) = desk.receive()
    assert (again.body, again.receive_count) == ("a", 1)
    assert desk.dead_letters.bodies == []


def test_release_that_the_queue_refuses_leaves_messages_to_come_back(desk: Desk) -> None:
    (delivery,) = desk.receive("a")
    desk.queue.available = False

    delivery.release()

    desk.queue.available = True
    desk.clock.advance(VISIBILITY_S)
    assert desk.visible() == ["a"]


def test_nothing_is_received_while_messages_cannot_be_deleted(desk: Desk) -> None:
    (delivery,) = desk.receive("a")
    assert desk.inbox.receivable(10) == 10
    desk.queue.available = False

    delivery.acknowledge()
    desk.inbox.flush()

    assert desk.inbox.receivable(10) == 0


def test_one_message_is_received_at_a_time_while_none_can_be_kept_hidden(desk: Desk) -> None:
    (delivery,) = desk.receive("a")
    desk.queue.available = False
    desk.inbox.heartbeat.beat()
    assert desk.inbox.receivable(10) == 0

    delivery.let_go()

    assert desk.inbox.receivable(10) == 1
