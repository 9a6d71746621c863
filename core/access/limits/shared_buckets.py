"""Token buckets of all processes, or of this one while the others' can't be reached."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol

from core.access.limits.buckets import Draw, Level, TokenBuckets
from core.errors import ServiceUnavailable
from core.host.metrics import metrics

log = logging.getLogger(__name__)

PAUSE_S: Final = 2.0
"""Between two looks whether what is away is back."""

State = Literal["shared", "away"]


class Checkable(TokenBuckets, Protocol):
    """Buckets of which one can ask whether they can be reached."""

    def check(self) -> None:
        """Raise ``ServiceUnavailable`` unless they can."""
        ...


class SharedBuckets:
    """Token buckets as `TokenBuckets` says, which are always reached.

    The first failure costs its request the time-out. From then on requests take from this
    process's own buckets at once, and a task in the background looks whether the shared ones
    are back: a name server that hangs holds no request either.

    Parameters
    ----------
    shared, own
        Buckets of all processes, and of this one.
    run_in_background : callable
        Runs a task, which it is given with a name, beside everything else.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        shared: Checkable,
        own: TokenBuckets,
        *,
        run_in_background: Callable[[str, Callable[[], None]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._own = own
        self._run_in_background = run_in_background
        self._clock = clock
        self._lock = threading.Lock()
        self._is_away = False
        self._heard_at_s = clock()
        self._is_looking = False

    def take(self, draws: Sequence[Draw]) -> list[Level]:
        if not self._is_away:
            try:
                levels = self._shared.take(draws)
            except ServiceUnavailable as error:
                self._note(error)
            else:
                self._heard_at_s = self._clock()
                return levels
        self._look_if_due()
        return self._own.take(draws)

    def state(self) -> State:
        """Tell whether the shared buckets were reached within the last seconds."""
        self._look_if_due()
        return "away" if self._is_away else "shared"

    def _look_if_due(self) -> None:
        with self._lock:
            if self._is_looking or self._clock() - self._heard_at_s < PAUSE_S:
                return
            self._is_looking = True
        self._run_in_background("limits", self._look)

    def _look(self) -> None:
        try:
            self._shared.check()
        except ServiceUnavailable as error:
            self._note(error)
        else:
            self._note(None)
        finally:
            self._is_looking = False

    def _note(self, problem: ServiceUnavailable | None) -> None:
        """Note that the shared buckets can be reached, or why not; log it when that changes."""
        with self._lock:
            changed = self._is_away != (problem is not None)
            self._is_away = problem is not None
            self._heard_at_s = self._clock()
        metrics().cache_away.labels("limits").set(problem is not None)
        if changed and problem is not None:
            log.warning("limits are each process's own", extra={"reason": str(problem)})
        elif changed:
            log.info("limits are shared again")
