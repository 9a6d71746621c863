"""Stops a lane from failing job after job while S3, SQS or the index is away."""

from collections.abc import Callable
from typing import Final

_FIRST_PAUSE_S: Final = 1.0
_MAX_PAUSE_S: Final = 60.0


class CircuitBreaker:
    """Opens when S3, SQS or the index breaks a job off, closes when a job is answered.

    Only a job tells: a bucket that exists may still refuse to be read or written. While the
    breaker is open, one job at a time is a probe, after pauses that grow up to a minute. The
    first probe, a job in hand, begins at once, so that an odd job hardly stops the others.
    Not thread-safe.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._probe_at_s = 0.0
        self._receive_at_s = 0.0
        self._probing = False
        self.is_open = False
        self.pause_s = 0.0
        self.answers = 0
        """Jobs that were answered so far."""

    def may_begin(self) -> bool:
        """Tell whether a job may begin now."""
        return not self.is_open or (not self._probing and self._clock() >= self._probe_at_s)

    def may_receive(self) -> bool:
        """Tell whether a job may be received, as a probe if the breaker is open."""
        return not self.is_open or self._clock() >= max(self._probe_at_s, self._receive_at_s)

    def begin(self) -> bool:
        """Note that a job begins; tell whether it is a probe."""
        self._probing = self.is_open
        return self._probing

    def open(self) -> None:
        """Note that a job was broken off."""
        if not self.is_open:
            self.is_open, self._probing = True, False
            self.pause_s, self._probe_at_s = 0.0, self._clock()
            self._receive_at_s = self._probe_at_s + _FIRST_PAUSE_S

    def note_failed_probe(self) -> None:
        """Note that a probe was broken off: the next one is later."""
        self._probing = False
        self.pause_s = min(_MAX_PAUSE_S, self.pause_s * 2 or _FIRST_PAUSE_S)
        self._probe_at_s = self._clock() + self.pause_s

    def note_void_probe(self) -> None:
        """Note that a probe ended without telling anything."""
        self._probing = False

    def close(self) -> None:
        """Note that a job was answered."""
        self.answers += 1
        self.is_open = False
