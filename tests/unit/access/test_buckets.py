"""Token buckets, and what is shared of them while Redis comes and goes."""

import logging
from collections.abc import Callable, Sequence

import pytest

from core.access.limits.buckets import Draw, Level
from core.access.limits.memory_buckets import MemoryBuckets
from core.access.limits.shared_buckets import PAUSE_S, SharedBuckets
from core.errors import ServiceUnavailable
from core.ground.rates import Rate
from core.testing import ManualClock


def draw(subject: str = "a", rate: str = "10/second", *, cost: int = 1, limit: str = "x") -> Draw:
    return Draw(limit=limit, subject=subject, rate=Rate.read(rate), cost=cost)


def accepted(buckets: MemoryBuckets, each: Draw, times: int) -> int:
    return sum(buckets.take([each])[0].wait_s == 0 for _ in range(times))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def buckets(clock: ManualClock) -> MemoryBuckets:
    return MemoryBuckets(clock)


def test_bucket_is_full_at_first_and_empty_after_that_many(buckets: MemoryBuckets) -> None:
    assert accepted(buckets, draw(), 50) == 10


def test_tokens_come_back_at_a_steady_pace(buckets: MemoryBuckets, clock: ManualClock) -> None:
    accepted(buckets, draw(), 50)
    for _ in range(100):
        clock.advance(0.1)
        assert accepted(buckets, draw(), 5) == 1


def test_nothing_is_lost_between_requests(buckets: MemoryBuckets, clock: ManualClock) -> None:
    count = 0
    for _ in range(240):
        count += accepted(buckets, draw(rate="10/minute"), 1)
        clock.advance(5)

    assert count in (209, 210)


def test_wait_is_the_time_until_the_same_request_is_accepted(
    buckets: MemoryBuckets, clock: ManualClock
) -> None:
    accepted(buckets, draw(), 10)
    (level,) = buckets.take([draw(cost=3)])
    assert level.wait_s == pytest.approx(0.3)

    clock.advance(level.wait_s)

    assert buckets.take([draw(cost=3)])[0].wait_s == 0


def test_levels_tell_what_is_left_and_when_it_is_whole(
    buckets: MemoryBuckets, clock: ManualClock
) -> None:
    (level,) = buckets.take([draw(cost=4)])

    assert (level.left, level.wait_s) == (6, 0)
    assert level.full_in_s == pytest.approx(0.4)
    clock.advance(0.25)
    assert buckets.take([draw()])[0].left == 7


def test_request_takes_from_all_buckets_or_from_none(buckets: MemoryBuckets) -> None:
    small = draw("address", "2/minute", limit="y")
    assert [accepted(buckets, draw(), 1), accepted(buckets, small, 2)] == [1, 2]

    key, address = buckets.take([draw(), small])

    assert (key.wait_s, key.left) == (0, 9)
    assert address.wait_s > 0


def test_request_beyond_what_a_bucket_holds_needs_a_full_one_and_leaves_a_debt(
    buckets: MemoryBuckets, clock: ManualClock
) -> None:
    (level,) = buckets.take([draw(cost=25)])
    assert (level.left, level.wait_s) == (0, 0)
    assert level.full_in_s == pytest.approx(2.5)
    clock.advance(1.5)
    assert buckets.take([draw()])[0].wait_s == pytest.approx(0.1)
    clock.advance(0.5)
    (level,) = buckets.take([draw(cost=25)])
    assert level.wait_s == pytest.approx(0.5)


def test_subjects_and_limits_do_not_share_a_bucket(buckets: MemoryBuckets) -> None:
    accepted(buckets, draw("a"), 10)

    assert accepted(buckets, draw("b"), 20) == 10
    assert accepted(buckets, draw("a", limit="y"), 20) == 10


def test_many_addresses_fill_no_memory_and_empty_no_other_limit(clock: ManualClock) -> None:
    buckets = MemoryBuckets(clock, most=100)
    accepted(buckets, draw("a key", limit="keys"), 10)

    for number in range(1000):
        buckets.take([draw(f"address {number}")])

    assert len(buckets) == 101
    assert accepted(buckets, draw("a key", limit="keys"), 5) == 0


class Remote:
    """Shared buckets that come and go."""

    def __init__(self, clock: ManualClock) -> None:
        self.buckets = MemoryBuckets(clock)
        self.is_there = True
        self.calls = 0

    def take(self, draws: Sequence[Draw]) -> list[Level]:
        self.check()
        return self.buckets.take(draws)

    def check(self) -> None:
        self.calls += 1
        if not self.is_there:
            raise ServiceUnavailable("Redis: ConnectionError")


class Background:
    """Tasks for the background, run when a test says so."""

    def __init__(self) -> None:
        self.tasks: list[Callable[[], None]] = []

    def __call__(self, _name: str, task: Callable[[], None]) -> None:
        self.tasks.append(task)

    def run(self) -> None:
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            task()


@pytest.fixture
def remote(clock: ManualClock) -> Remote:
    return Remote(clock)


@pytest.fixture
def background() -> Background:
    return Background()


@pytest.fixture
def shared(clock: ManualClock, remote: Remote, background: Background) -> SharedBuckets:
    return SharedBuckets(remote, MemoryBuckets(clock), run_in_background=background, clock=clock)


def test_shared_buckets_are_used_while_they_are_there(
    shared: SharedBuckets, remote: Remote
) -> None:
    shared.take([draw(cost=4)])

    assert remote.buckets.take([draw()])[0].left == 5
    assert shared.state() == "shared"


def test_requests_go_on_with_own_buckets_and_cost_no_further_call(
    shared: SharedBuckets, remote: Remote
) -> None:
    remote.is_there = False

    levels = [shared.take([draw()])[0] for _ in range(30)]

    assert [level.wait_s == 0 for level in levels].count(True) == 10
    assert remote.calls == 1
    assert shared.state() == "away"


def test_only_one_line_is_logged_each_time(
    shared: SharedBuckets,
    remote: Remote,
    clock: ManualClock,
    background: Background,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    remote.is_there = False
    for _ in range(20):
        shared.take([draw()])
        clock.advance(PAUSE_S)
        background.run()
    remote.is_there = True
    for _ in range(20):
        shared.take([draw()])
        clock.advance(PAUSE_S)
        background.run()

    assert [record.message for record in caplog.records] == [
        "limits are each process's own",
        "limits are shared again",
    ]


def test_one_task_at_a_time_looks_whether_they_are_back(
    shared: SharedBuckets, remote: Remote, clock: ManualClock, background: Background
) -> None:
    remote.is_there = False
    shared.take([draw()])
    clock.advance(PAUSE_S)
    for _ in range(5):
        shared.take([draw()])
    assert len(background.tasks) == 1
    remote.is_there = True
    background.run()

    assert shared.state() == "shared"
    assert shared.take([draw()])[0].left == 9  # full: those were others


def test_state_is_told_without_other_requests(
    shared: SharedBuckets, remote: Remote, clock: ManualClock, background: Background
) -> None:
    remote.is_there = False
    clock.advance(PAUSE_S)
    shared.state()
    background.run()

    assert shared.state() == "away"


@pytest.mark.parametrize(
    "text", ["", "10", "0/minute", "-1/minute", "1.5/minute", "10/week", "10/minute/x", "a/b"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="600/minute"):
        Rate.read(text)
