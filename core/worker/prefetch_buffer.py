"""Messages that a lane holds: received ahead, so that children never wait, or to be tried again."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from core.worker.attempts import Attempt, SetAside
from core.worker.circuit_breaker import CircuitBreaker
from core.worker.delivery import Delivery

_MAX_RECEIVE: Final = 10


class PrefetchBuffer:
    """A bounded buffer of a lane's messages that no thread handles now.

    While the circuit breaker is open, it gives one message at a time, and asks for one only
    if it holds none that was not tried.

    Parameters
    ----------
    capacity : int
        Messages that are received ahead at most.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, *, capacity: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._refill_at = capacity // 4
        self._untried: deque[Delivery] = deque()
        self._breaker = CircuitBreaker(clock)
        self._aside = SetAside(self._breaker, clock=clock)
        self.idle = 0
        """Threads that wait for a message."""
        self._closed = False
        self._ended = False
        self._changed = threading.Condition()

    def wait_for_room(self) -> int:
        """Wait until the buffer runs low; return how many to receive, 0 once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._room())
            return self._room()

    def room(self) -> int:
        """Return how many to receive now; 0 unless the buffer runs low."""
        with self._changed:
            return self._room()

    def put(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Add messages; return those that no thread will take any more."""
        with self._changed:
            self._untried.extend(deliveries)
            self._changed.notify_all()
            return self._surplus() if self._closed else []

    def take(self) -> Attempt | None:
        """Wait for a message and remove it; return None once none will come."""
        with self._changed:
            self.idle += 1
            self._changed.wait_for(lambda: self._ended or self._has_next())
            self.idle -= 1
            return self._pop()

    def take_at_once(self) -> Attempt | None:
        """Remove a message if one is due."""
        with self._changed:
            return self._pop()

    def look(self) -> bool:
        """Let waiting threads look at the clock; tell whether a message was set aside."""
        with self._changed:
            self._changed.notify_all()
            return bool(self._aside) or self._breaker.is_open

    def set_aside(self, attempt: Attempt) -> float | None:
        """Keep a job that was broken off; return the pause before the next probe, if any."""
        with self._changed:
            if not (attempt.is_odd or attempt.is_refused):
                self._breaker.open()
            if attempt.is_probe:
                self._breaker.note_failed_probe()
            self._aside.add(attempt)
            self._changed.notify_all()
            return self._breaker.pause_s if self._breaker.is_open else None

    def answered(self) -> None:
        """Note that a job was answered: the breaker closes."""
        with self._changed:
            if self._breaker.is_open and self._breaker.pause_s:
                self._aside.hurry()
            self._breaker.close()
            self._changed.notify_all()

    def ended(self, attempt: Attempt) -> None:
        """Note that an attempt ended without telling whether jobs can be answered."""
        with self._changed:
            if attempt.is_probe:
                self._breaker.note_void_probe()
            self._changed.notify_all()

    def close(self) -> list[Delivery]:
        """Keep only what idle threads are about to take; return the rest."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._surplus()

    def end(self) -> list[Delivery]:
        """Let ``take`` return None from now on; return what is left."""
        with self._changed:
            self._closed = self._ended = True
            self._changed.notify_all()
            return self._surplus()

    def _room(self) -> int:
        if self._closed:
            return 0
        if self._breaker.is_open:
            return 1 if not self._untried and self._breaker.may_receive() else 0
        if len(self._untried) > self._refill_at:
            return 0
        return min(_MAX_RECEIVE, self._capacity - len(self._untried))

    def _has_next(self) -> bool:
        return self._breaker.may_begin() and bool(self._untried or self._aside.next())

    def _pop(self) -> Attempt | None:
        if not self._has_next():
            return None
        attempt = self._next()
        self._changed.notify_all()
        return replace(attempt, is_probe=self._breaker.begin())

    def _next(self) -> Attempt:
        """Return a job whose pause is over, else one that was not tried yet.

        While the breaker is open, one that was not tried comes first, because it may tell more:
        what the job that was set aside needs may be refused to that job only.
        """
        again = self._aside.next()
        if again is None or (self._breaker.is_open and self._untried):
            return Attempt(delivery=self._untried.popleft())
        return self._aside.take(again)

    def _surplus(self) -> list[Delivery]:
        kept = 0 if self._breaker.is_open else self.idle
        surplus = [self._untried.pop() for _ in range(len(self._untried) - kept)]
        return surplus + self._aside.clear()
