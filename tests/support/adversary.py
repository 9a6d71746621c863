"""Services that fail, processes that die and requests that get in each other's way."""

import enum
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

from core.errors import QueueUnavailable, ServiceUnavailable, StorageUnavailable
from core.ports import Bucket, JobQueue, ObjectStore

_T = TypeVar("_T")
Refuses = Callable[[str, str], bool]
"""Told an operation and the key that it is asked for, tells whether it is refused."""
_PATIENCE_S: Final = 30


class Killed(BaseException):
    """Raised where a process dies; no code of the service catches it."""


class Trouble(enum.Enum):
    """What befalls one call to a service."""

    REFUSED = "the service is away"
    ANSWER_LOST = "the call is carried out, and its answer lost"
    KILLED = "the process dies before the call"


class Process:
    """One process as the adversary sees it: a sequence of calls to services.

    Parameters
    ----------
    troubles : mapping
        What befalls which call, counted from 0.
    before_call : callable
        Runs before every call.
    """

    def __init__(
        self,
        troubles: Mapping[int, Trouble] | None = None,
        *,
        before_call: Callable[[], None] = lambda: None,
    ) -> None:
        self.troubles = dict(troubles or {})
        self.refuses: Refuses = lambda operation, asked: False
        self.before_call = before_call
        self.calls = 0

    def store(self, target: ObjectStore, part: str = "") -> Bucket:
        """Return a bucket as this process reaches it."""
        return cast(Bucket, _Reached(target, self, StorageUnavailable, part))

    def queue(self, target: JobQueue, part: str = "") -> JobQueue:
        """Return a queue as this process reaches it."""
        return cast(JobQueue, _Reached(target, self, QueueUnavailable, part))

    def call(
        self,
        error: type[ServiceUnavailable],
        action: Callable[[], _T],
        *,
        operation: str,
        asked: str,
    ) -> _T:
        """Carry out one call, unless trouble befalls it."""
        self.before_call()
        if self.refuses(operation, asked):
            raise error(f"{operation} was refused by the test")
        trouble = self.troubles.get(self.calls)
        self.calls += 1
        if trouble is Trouble.KILLED:
            raise Killed
        if trouble is Trouble.REFUSED:
            raise error("refused by the test")
        answer = action()
        if trouble is Trouble.ANSWER_LOST:
            raise error("answered, but the test lost it")
        return answer


class _Reached:
    def __init__(
        self, target: Any, process: Process, error: type[ServiceUnavailable], part: str
    ) -> None:
        self._part = part
        self._target = target
        self._process = process
        self._error = error

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        return lambda *args, **kwargs: self._process.call(
            self._error,
            partial(method, *args, **kwargs),
            operation=f"{self._part}.{name}",
            asked=str(args[0]) if args else "",
        )


class Interleaving:
    """Runs two actions at once, one call at a time, in an order that the test chooses.

    Parameters
    ----------
    order : sequence of int
        Whose call is next, 0 or 1. One that has ended is passed over; when the
        order is over, 0 ends first.
    """

    def __init__(self, order: Sequence[int]) -> None:
        self._order = deque(order)
        self._ended: set[int] = set()
        self._running: int | None = None
        self._errors: list[BaseException] = []
        self._changed = threading.Condition()

    def run(self, actions: Sequence[Callable[[Callable[[], None]], None]]) -> None:
        """Run the actions, each told what to call before every call of its own."""
        threads = [
            threading.Thread(target=self._run, args=(actor, action), daemon=True)
            for actor, action in enumerate(actions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_PATIENCE_S)
            assert not thread.is_alive(), "the two wait for each other"
        for error in self._errors:
            raise error

    def _run(self, actor: int, action: Callable[[Callable[[], None]], None]) -> None:
        try:
            action(partial(self._take_turn, actor))
        except BaseException as error:  # noqa: BLE001 - the test's thread raises it
            self._errors.append(error)
        finally:
            with self._changed:
                self._ended.add(actor)
                self._yield_turn(actor)

    def _take_turn(self, actor: int) -> None:
        """Wait for the actor's turn, which lasts until it asks again or ends."""
        with self._changed:
            self._yield_turn(actor)
            assert self._changed.wait_for(
                lambda: self._running is None and self._next() == actor, _PATIENCE_S
            )
            self._running = actor
            if self._order:
                self._order.popleft()

    def _yield_turn(self, actor: int) -> None:
        if self._running == actor:
            self._running = None
        self._changed.notify_all()

    def _next(self) -> int:
        while self._order and self._order[0] in self._ended:
            self._order.popleft()
        if self._order:
            return self._order[0]
        return 1 if 0 in self._ended else 0
