"""Buckets, queues and indexes that answer, but refuse some of what they are asked."""

from collections.abc import Callable
from typing import Any

from core.errors import ServiceUnavailable

Asked = Callable[[str, str], bool]
"""Told a method's name and its first argument, tells whether the call is refused."""


class HalfAway:
    """Stands before a part of the outside world.

    Parameters
    ----------
    target : object
        What answers.
    error : type
        What a refused call raises.
    """

    def __init__(self, target: Any, error: type[ServiceUnavailable]) -> None:
        self._target = target
        self._error = error
        self.refuses: Asked = lambda method, asked: False
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if not callable(method):
            return method

        def call(*args: object, **options: object) -> object:
            if self.refuses(name, str(args[0]) if args else ""):
                self.refused += 1
                raise self._error(f"{name} was refused by the test")
            return method(*args, **options)

        return call
