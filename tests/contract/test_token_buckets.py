"""What both kinds of token buckets do, by real time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from core.access.limits.buckets import Draw, TokenBuckets
from core.access.limits.memory_buckets import MemoryBuckets
from core.access.limits.redis_buckets import RedisBuckets
from core.access.redis_client import redis_client
from core.errors import ServiceUnavailable
from core.ground.rates import Rate
from harness.waiting import wait_until
from tests.support.services.redis_server import RedisServer


def draw(subject: str = "a", rate: str = "100/hour", *, cost: int = 1, limit: str = "x") -> Draw:
    return Draw(limit=limit, subject=subject, rate=Rate.read(rate), cost=cost)


def is_accepted(buckets: TokenBuckets, *draws: Draw) -> bool:
    return not any(level.wait_s for level in buckets.take(draws))


@pytest.fixture(params=["memory", "redis"])
def buckets(request: pytest.FixtureRequest) -> Iterator[TokenBuckets]:
    if request.param == "memory":
        yield MemoryBuckets()
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        yield RedisBuckets(redis_client(server.url))


def test_as_many_are_accepted_as_a_bucket_holds(buckets: TokenBuckets) -> None:
    assert [is_accepted(buckets, draw()) for _ in range(102)].count(True) == 100
    assert is_accepted(buckets, draw("b"))
    assert is_accepted(buckets, draw(limit="y"))


def test_threads_get_no_more_together(buckets: TokenBuckets) -> None:
    with ThreadPoolExecutor(8) as threads:
        accepted = list(threads.map(lambda _: is_accepted(buckets, draw()), range(200)))

    assert accepted.count(True) == 100


def test_level_tells_what_is_left(buckets: TokenBuckets) -> None:
    (level,) = buckets.take([draw(cost=40)])

    assert level.left == 60
    assert level.wait_s == 0
    assert 1435 < level.full_in_s <= 1440


def test_level_of_a_refused_request_tells_the_wait(buckets: TokenBuckets) -> None:
    buckets.take([draw(cost=90)])
    (level,) = buckets.take([draw(cost=20)])

    assert level.left == 10
    assert 355 < level.wait_s <= 360


def test_request_takes_from_all_or_from_none(buckets: TokenBuckets) -> None:
    assert is_accepted(buckets, draw("key"), draw("address", "1/hour", limit="y"))
    assert not is_accepted(buckets, draw("key"), draw("address", "1/hour", limit="y"))

    assert buckets.take([draw("key")])[0].left == 98


def test_request_beyond_the_bucket_leaves_a_debt(buckets: TokenBuckets) -> None:
    (level,) = buckets.take([draw(cost=250)])
    (later,) = buckets.take([draw()])

    assert (level.wait_s, level.left) == (0, 0)
    assert 5430 < later.wait_s <= 5436


def test_refused_request_is_accepted_once_its_wait_is_over(buckets: TokenBuckets) -> None:
    fast = partial(draw, rate="20/second")
    accepted = 0
    while is_accepted(buckets, fast()):
        accepted += 1
    assert accepted >= 20

    wait_until(lambda: is_accepted(buckets, fast()), seconds=10, what="a token to come back")


def test_redis_forgets_a_bucket_when_it_is_full(redis_server: RedisServer) -> None:
    buckets = RedisBuckets(redis_client(redis_server.url))
    buckets.take([draw("slow"), draw("fast", "5/second", limit="y")])

    left_ms = redis_server.keys()
    assert set(left_ms) <= {"efr:limit:x:slow", "efr:limit:y:fast"}
    assert 35_000 < left_ms["efr:limit:x:slow"] <= 36_001
    wait_until(lambda: len(redis_server.keys()) == 1, seconds=10, what="a bucket to be full")


def test_redis_that_is_away_or_hangs_is_a_service_that_is_not_available(
    redis_server: RedisServer,
) -> None:
    buckets = RedisBuckets(redis_client(redis_server.url))
    buckets.take([draw()])
    redis_server.pause()
    with pytest.raises(ServiceUnavailable, match="Timeout"):
        buckets.take([draw()])
    with pytest.raises(ServiceUnavailable, match="Timeout"):
        buckets.check()
    redis_server.resume()
    wait_until(lambda: is_accepted(buckets, draw()), what="Redis to answer")

    redis_server.stop()
    with pytest.raises(ServiceUnavailable, match="Connection"):
        buckets.take([draw()])
    redis_server.start()
    assert buckets.take([draw()])[0].left == 99
