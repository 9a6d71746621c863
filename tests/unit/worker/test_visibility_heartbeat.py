"""The heartbeat that keeps messages in flight."""

import pytest

from core.ports import ReceivedMessage
from core.testing import ManualClock, MemoryQueue
from core.worker.visibility_heartbeat import MAX_IN_FLIGHT_S, VisibilityHeartbeat

VISIBILITY_S = 60.0


class HeartbeatFixture:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.queue = MemoryQueue(clock=self.clock, visibility_s=VISIBILITY_S)
        self.heartbeat = VisibilityHeartbeat(
            self.queue, visibility_s=VISIBILITY_S, interval_s=20, clock=self.clock
        )

    def receive(self, *bodies: str) -> list[ReceivedMessage]:
        self.queue.send_many(bodies)
        messages = self.queue.receive(limit=10, wait_s=0)
        self.heartbeat.track(messages)
        return messages


@pytest.fixture
def fixture() -> HeartbeatFixture:
    return HeartbeatFixture()


def test_beats_keep_a_message_hidden(fixture: HeartbeatFixture) -> None:
    (message,) = fixture.receive("a")

    for _ in range(10):
        fixture.clock.advance(VISIBILITY_S / 2)
        fixture.heartbeat.beat()

    assert fixture.heartbeat.is_hidden(message)
    assert fixture.queue.in_flight == ["a"]


def test_more_messages_than_a_batch_takes_are_all_extended(fixture: HeartbeatFixture) -> None:
    for number in range(25):
        fixture.receive(str(number))

    fixture.heartbeat.beat()

    assert len(fixture.queue.visibility_changes) == 25


def test_message_without_a_beat_counts_as_lost_after_the_timeout(fixture: HeartbeatFixture) -> None:
    (message,) = fixture.receive("a")

    fixture.clock.advance(VISIBILITY_S)

    assert not fixture.heartbeat.is_hidden(message)


def test_forgotten_message_counts_as_lost(fixture: HeartbeatFixture) -> None:
    (message,) = fixture.receive("a")

    fixture.heartbeat.forget(message)

    assert not fixture.heartbeat.is_hidden(message)


def test_message_whose_extension_was_refused_counts_as_lost_and_others_do_not(
    fixture: HeartbeatFixture,
) -> None:
    one, two = fixture.receive("one", "two")
    fixture.queue.refusals = ["one"]
    fixture.clock.advance(VISIBILITY_S / 2)

    fixture.heartbeat.beat()
    fixture.clock.advance(VISIBILITY_S / 2)

    assert not fixture.heartbeat.is_hidden(one)
    assert fixture.heartbeat.is_hidden(two)


def test_refused_extension_is_tried_again_at_the_next_beat(fixture: HeartbeatFixture) -> None:
    (message,) = fixture.receive("a")
    fixture.queue.refusals = ["a"]
    fixture.clock.advance(VISIBILITY_S / 3)
    fixture.heartbeat.beat()

    fixture.clock.advance(VISIBILITY_S / 3)
    fixture.heartbeat.beat()
    fixture.clock.advance(VISIBILITY_S / 2)

    assert fixture.heartbeat.is_hidden(message)


def test_beat_survives_an_absent_queue(fixture: HeartbeatFixture) -> None:
    (message,) = fixture.receive("a")
    fixture.queue.available = False

    fixture.heartbeat.beat()

    assert fixture.heartbeat.is_hidden(message)


def test_message_is_released_before_the_limit_of_twelve_hours(fixture: HeartbeatFixture) -> None:
    (old,) = fixture.receive("old")
    beats = int(MAX_IN_FLIGHT_S / (VISIBILITY_S / 2))
    for _ in range(beats - 3):
        fixture.clock.advance(VISIBILITY_S / 2)
        fixture.heartbeat.beat()
    assert fixture.heartbeat.is_hidden(old)
    (young,) = fixture.receive("young")
    fixture.queue.visibility_changes.clear()

    fixture.clock.advance(VISIBILITY_S / 2)
    fixture.heartbeat.beat()

    assert not fixture.heartbeat.is_hidden(old)
    assert fixture.heartbeat.is_hidden(young)
    assert fixture.queue.visibility_changes == [("young", VISIBILITY_S), ("old", 0)]
    assert fixture.queue.in_flight == ["young"]
