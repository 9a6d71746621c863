"""The heartbeat that keeps messages in flight."""

import pytest

from core.ports import ReceivedMessage
from core.testing import ManualClock, MemoryQueue
from core.worker.visibility_heartbeat import MAX_IN_FLIGHT_S, VisibilityHeartbeat

VISIBILITY_S = 60.0


class Tier:
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
def tier() -> Tier:
    return Tier()


def test_beats_keep_a_message_hidden(tier: Tier) -> None:
    (message,) = tier.receive("a")

    for _ in range(10):
        tier.clock.advance(VISIBILITY_S / 2)
        tier.heartbeat.beat()

    assert tier.heartbeat.is_hidden(message)
    assert tier.queue.in_flight == ["a"]


def test_more_messages_than_a_batch_takes_are_all_extended(tier: Tier) -> None:
    for number in range(25):
        tier.receive(str(number))

    tier.heartbeat.beat()

    assert len(tier.queue.visibility_changes) == 25


def test_message_without_a_beat_counts_as_lost_after_the_timeout(tier: Tier) -> None:
    (message,) = tier.receive("a")

    tier.clock.advance(VISIBILITY_S)

    assert not tier.heartbeat.is_hidden(message)


def test_forgotten_message_counts_as_lost(tier: Tier) -> None:
    (message,) = tier.receive("a")

    tier.heartbeat.forget(message)

    assert not tier.heartbeat.is_hidden(message)


def test_message_whose_extension_was_refused_counts_as_lost_and_others_do_not(tier: Tier) -> None:
    one, two = tier.receive("one", "two")
    tier.queue.refusals = ["one"]
    tier.clock.advance(VISIBILITY_S / 2)

    tier.heartbeat.beat()
    tier.clock.advance(VISIBILITY_S / 2)

    assert not tier.heartbeat.is_hidden(one)
    assert tier.heartbeat.is_hidden(two)


def test_refused_extension_is_tried_again_at_the_next_beat(tier: Tier) -> None:
    (message,) = tier.receive("a")
    tier.queue.refusals = ["a"]
    tier.clock.advance(VISIBILITY_S / 3)
    tier.heartbeat.beat()

    tier.clock.advance(VISIBILITY_S / 3)
    tier.heartbeat.beat()
    tier.clock.advance(VISIBILITY_S / 2)

    assert tier.heartbeat.is_hidden(message)


def test_beat_survives_an_absent_queue(tier: Tier) -> None:
    (message,) = tier.receive("a")
    tier.queue.available = False

    tier.heartbeat.beat()

    assert tier.heartbeat.is_hidden(message)


def test_message_is_released_before_the_limit_of_twelve_hours(tier: Tier) -> None:
    (old,) = tier.receive("old")
    beats = int(MAX_IN_FLIGHT_S / (VISIBILITY_S / 2))
    for _ in range(beats - 3):
        tier.clock.advance(VISIBILITY_S / 2)
        tier.heartbeat.beat()
    assert tier.heartbeat.is_hidden(old)
    (young,) = tier.receive("young")
    tier.queue.visibility_changes.clear()

    tier.clock.advance(VISIBILITY_S / 2)
    tier.heartbeat.beat()

    assert not tier.heartbeat.is_hidden(old)
    assert tier.heartbeat.is_hidden(young)
    assert tier.queue.visibility_changes == [("young", VISIBILITY_S), ("old", 0)]
    assert tier.queue.in_flight == ["young"]
