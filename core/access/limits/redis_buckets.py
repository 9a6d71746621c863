"""Token buckets in Redis or Valkey, shared by all processes that use it."""

from collections.abc import Sequence
from typing import Final

from redis import Redis

from core.access.limits.buckets import Draw, Level
from core.access.redis_client import FAILURES, away

_PREFIX: Final = "efr:limit:"
_MICROSECONDS: Final = 1_000_000
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_in, waits, refused = {}, {}, false
for i, key in ipairs(KEYS) do
  local interval, count, cost = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  full_in[i] = math.max(0, (redis.call('GET', key) or now) - now)
  local missing = math.min(cost, count) - (count - full_in[i] / interval)
  waits[i] = missing > 0.000001 and math.ceil(missing * interval) or 0
  refused = refused or waits[i] > 0
end
local answer = {}
for i, key in ipairs(KEYS) do
  if not refused then
    full_in[i] = full_in[i] + ARGV[3 * i] * ARGV[3 * i - 2]
    local full_at = string.format('%.0f', now + full_in[i])
    redis.call('SET', key, full_at, 'PX', math.ceil(full_in[i] / 1000))
  end
  answer[2 * i - 1], answer[2 * i] = math.ceil(full_in[i]), waits[i]
end
return answer
"""
"""The same as in memory, in microseconds of Redis's clock. A bucket is forgotten when it is full.

For each key: the interval in which a token comes back, how many a full bucket holds, the cost.
"""


class RedisBuckets:
    """Token buckets as `TokenBuckets` says; for many threads.

    One script, one request: it takes from all buckets of a request or from none.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._take = self._redis.register_script(_TAKE)

    def take(self, draws: Sequence[Draw]) -> list[Level]:
        numbers: list[float] = []
        for draw in draws:
            numbers += [draw.rate.interval_s * _MICROSECONDS, draw.rate.count, draw.cost]
        try:
            answer = self._take([_key(draw) for draw in draws], numbers)
        except FAILURES as error:
            raise away(error) from error
        told_s = [each / _MICROSECONDS for each in answer]
        return [
            draw.level(full_in_s, wait_s)
            for draw, full_in_s, wait_s in zip(draws, told_s[::2], told_s[1::2], strict=True)
        ]

    def check(self) -> None:
        """Raise ``ServiceUnavailable`` unless Redis answers."""
        try:
            self._redis.ping()
        except FAILURES as error:
            raise away(error) from error


def _key(draw: Draw) -> str:
    return f"{_PREFIX}{draw.limit}:{draw.subject}"
