"""Bounded polls on a condition."""

import time
from collections.abc import Callable


def wait_until(
    condition: Callable[[], object],
    *,
    seconds: float = 90,
    every_s: float = 0.05,
    what: str = "a condition",
) -> None:
    """Poll until the condition holds.

    Raises
    ------
    TimeoutError
        If it does not in time.
    """
    deadline_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(every_s)
