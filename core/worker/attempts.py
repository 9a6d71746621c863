"""Jobs that S3, SQS or the index broke off, and that a worker keeps to try them again.

A message that was given back would use up a receive each time. Here it stays hidden.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core.worker.circuit_breaker import CircuitBreaker
from core.worker.delivery import Delivery

_FIRST_PAUSE_S: Final = 1.0
_MAX_PAUSE_S: Final = 60.0
PATIENCE_S: Final = 300.0
"""How long a job that alone is refused is tried here; then another worker may try."""
LAST_PATIENCE_S: Final = 3600.0
"""The same at a job's last receive, after which it fails."""
CROWD: Final = 20
LAST_CROWD: Final = 100
"""Jobs in hand beyond which those that alone are refused go earlier."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A delivery that a thread handles now.

    ``failures`` counts how often S3, SQS or the index broke the job off in this worker,
    since ``since_s``. ``is_odd`` says that others were answered after the last time, and
    ``is_last`` that this worker has tried it for long enough. ``is_probe`` says that the
    lane waits for its outcome. ``is_refused`` says that only the bucket of its photo,
    which is the caller's, refused it: the lane's breaker stays closed.
    """

    delivery: Delivery
    failures: int = 0
    since_s: float = 0.0
    due_s: float = 0.0
    answers: int = 0
    is_odd: bool = False
    is_last: bool = False
    is_probe: bool = False
    is_refused: bool = False


class SetAside:
    """Jobs to be tried again, each after pauses of its own; not thread-safe.

    Parameters
    ----------
    breaker : CircuitBreaker
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, breaker: CircuitBreaker, *, clock: Callable[[], float]) -> None:
        self._breaker = breaker
        self._clock = clock
        self._waiting: list[Attempt] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, attempt: Attempt) -> None:
        """Keep a job that was broken off once more."""
        now_s = self._clock()
        pause_s = min(_MAX_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(attempt.failures, 10))
        again = Attempt(
            delivery=attempt.delivery,
            failures=attempt.failures + 1,
            since_s=attempt.since_s if attempt.failures else now_s,
            due_s=now_s + pause_s,
            answers=self._breaker.answers,
            is_refused=attempt.is_refused,
        )
        self._waiting.append(again)

    def next(self) -> Attempt | None:
        """Return the job whose pause was over first, None while there is none."""
        first = min(self._waiting, key=lambda attempt: attempt.due_s, default=None)
        return first if first is not None and first.due_s <= self._clock() else None

    def take(self, attempt: Attempt) -> Attempt:
        """Take a job out to be tried again."""
        is_odd = attempt.is_refused or self._breaker.answers > attempt.answers
        taken = replace(
            attempt, is_odd=is_odd, is_last=is_odd and self._was_tried_for_long(attempt)
        )
        self._waiting.remove(attempt)
        return taken

    def hurry(self) -> None:
        """Let every job be tried again at once: what broke them off seems to be over."""
        now_s = self._clock()
        self._waiting = [replace(one, due_s=min(one.due_s, now_s)) for one in self._waiting]

    def clear(self) -> list[Delivery]:
        """Keep no job any more; return their deliveries."""
        deliveries = [attempt.delivery for attempt in self._waiting]
        self._waiting = []
        return deliveries

    def _was_tried_for_long(self, attempt: Attempt) -> bool:
        for_s = self._clock() - attempt.since_s
        if attempt.delivery.is_last_receive:
            return for_s >= LAST_PATIENCE_S or len(self._waiting) > LAST_CROWD
        return for_s >= PATIENCE_S or len(self._waiting) > CROWD
