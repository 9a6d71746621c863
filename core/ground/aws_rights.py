"""Rights on AWS that are missing: said in the log, with what they are.

A refusal is handled like an outage, because policies change while processes run and AWS makes
a new one known within seconds only. But it does not pass by itself.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

_REFUSAL: Final = re.compile(
    r"is not authorized to perform: (?P<action>[\w:]+) "
    r"on resource: (?:\\?\"|&quot;)?(?P<resource>[^\s\"&\\]+)"
)
_APART_S: Final = 60.0


class MissingRights:
    """Logs each right that is missing, once a minute at most.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_at_s: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def note(self, answer: str) -> None:
        """Log what an answer of AWS says is not allowed; nothing if it says no such thing."""
        found = _REFUSAL.search(answer)
        if found is None:
            return
        missing = (found["action"], _place(found["resource"]))
        with self._lock:
            now_s = self._clock()
            if now_s - self._said_at_s.get(missing, -_APART_S) < _APART_S:
                return
            self._said_at_s[missing] = now_s
        log.error("right is missing", extra={"action": missing[0], "resource": missing[1]})


def _place(resource: str) -> str:
    """Return a resource without the name of a file, which may name a person."""
    place, slash, rest = resource.partition("/")
    if not slash or not place.startswith("arn:aws:s3"):
        return resource
    folder, deeper, _ = rest.partition("/")
    return f"{place}/{folder}/*" if deeper else f"{place}/*"


_of_this_process: Final = MissingRights()


def note_missing_right(answer: str) -> None:
    """Log what an answer of AWS says is not allowed, once a minute for each right."""
    _of_this_process.note(answer)
