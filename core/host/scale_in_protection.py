"""Scale-in protection of the worker's machine, as long as it has work."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from core.errors import ServiceUnavailable

log = logging.getLogger(__name__)

IDLE_S: Final = 30.0
"""Idleness after which protection ends, so that a trickle of jobs does not toggle it."""
_LOOK_S: Final = 0.25
_MAX_PAUSE_S: Final = 60.0
_CLOSE_S: Final = 10.0
"""The longest that a stopping worker waits for protection to end."""


class ScaleInProtection:
    """Protects at once when work comes, and no longer after some idleness.

    What was set before this process is not known, so an idle worker ends it once.

    Parameters
    ----------
    is_busy : callable
        Tells whether messages are in flight; asked four times a second.
    protect : callable
        Sets or ends the protection; raises ``ServiceUnavailable``.
    renew_s : float or None
        Time after which protection has to be set again; None if it does not expire.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        *,
        is_busy: Callable[[], bool],
        protect: Callable[[bool], None],
        renew_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_busy = is_busy
        self._protect = protect
        self._renew_s = renew_s
        self._clock = clock
        self._protected: bool | None = None
        self._set_at_s = self._busy_at_s = clock()
        self._not_before_s = self._set_at_s
        self._pause_s = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="protection", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the protection, and the thread; give up when that takes too long."""
        self._stopped.set()
        self._thread.join(_CLOSE_S)

    def look(self) -> None:
        """Set or end the protection if it is time to."""
        now_s = self._clock()
        busy = self._is_busy()
        if busy:
            self._busy_at_s = now_s
        settled = busy or now_s - self._busy_at_s >= IDLE_S
        if settled and now_s >= self._not_before_s and self._is_due(busy, now_s):
            self._set(busy)

    def _is_due(self, wanted: bool, now_s: float) -> bool:
        if wanted != self._protected:
            return True
        return wanted and self._renew_s is not None and now_s - self._set_at_s >= self._renew_s

    def _set(self, protected: bool) -> None:
        try:
            self._protect(protected)
        except ServiceUnavailable as error:
            self._postpone()
            log.warning(
                "scale-in protection was not set",
                extra={
                    "protected": protected,
                    "reason": str(error),
                    "pause_s": self._pause_s,
                },
            )
            return
        if protected != self._protected:
            log.info("scale-in protection was set", extra={"protected": protected})
        self._protected = protected
        self._set_at_s = self._clock()
        self._pause_s = 0.0

    def _postpone(self) -> None:
        self._pause_s = min(_MAX_PAUSE_S, self._pause_s * 2 or 1.0)
        self._not_before_s = self._clock() + self._pause_s

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_S):
            self._guard(self.look)
        if self._protected is not False:
            self._guard(lambda: self._set(False))

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            self._postpone()
            log.exception("scale-in protection broke off", extra={"pause_s": self._pause_s})
