"""Bounded polls on a condition."""

import time
from collections.abc import Callable


def wait_until(
    condition: Callable[[], object],
    *,
    seconds: float = 30,
    every_s: float = 0.05,
    what: str = "a condition",
) -> None:
    """Poll until the condition holds; fail when it does not in time."""
    deadline_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(every_s)


def let_pass(seconds: float) -> None:
    """Let real time go by, where the time itself is what is tested."""
    time.sleep(seconds)
