"""Callers that wait for a free child, as many as may."""

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from core.errors import TooBusy

P = ParamSpec("P")
T = TypeVar("T")


def bounded(function: Callable[P, T], *, most: int) -> Callable[P, T]:
    """Return the function for ``most`` callers at a time; more are told that it is ``TooBusy``.

    One photo with a thousand faces holds a child for seconds. Those who come after it are
    better off behind it than refused, as long as they leave threads to others.
    """
    places = threading.BoundedSemaphore(most)

    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        if not places.acquire(blocking=False):
            raise TooBusy("all children are busy and others wait for them; try again in a moment")
        try:
            return function(*args, **kwargs)
        finally:
            places.release()

    return called
