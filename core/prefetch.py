"""Messages that were received ahead, so that children never wait for the network."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from core.ports import ReceivedMessage

_MAX_RECEIVE: Final = 10


class Prefetched:
    """Messages of one lane that no thread has begun to handle; a bounded buffer.

    Parameters
    ----------
    capacity : int
        Messages it holds at most.
    """

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._refill_at = capacity // 4
        self._messages: deque[ReceivedMessage] = deque()
        self.idle = 0
        """Threads that wait for a message."""
        self._held = False
        self._closed = False
        self._ended = False
        self._changed = threading.Condition()

    def wait_for_room(self) -> int:
        """Wait until it has run low; return how many to receive, 0 once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_run_low())
            return self._room()

    def room(self) -> int:
        """Return how many to receive now; 0 unless it has run low."""
        with self._changed:
            return self._room()

    def put(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Take messages in; return those that nobody will take out any more."""
        with self._changed:
            self._messages.extend(messages)
            self._changed.notify_all()
            return self._surplus() if self._closed else []

    def take(self) -> ReceivedMessage | None:
        """Wait for a message, and take it out; None once there will be none."""
        with self._changed:
            self.idle += 1
            self._changed.wait_for(lambda: self._ended or (self._messages and not self._held))
            self.idle -= 1
            return self._pop()

    def take_at_once(self) -> ReceivedMessage | None:
        """Take a message out if there is one."""
        with self._changed:
            return self._pop()

    def hold(self, held: bool) -> None:
        """Give and ask for nothing as long as it is held."""
        with self._changed:
            self._held = held
            self._changed.notify_all()

    def close(self) -> list[ReceivedMessage]:
        """Keep only what idle threads are about to take; return the rest."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._surplus()

    def end(self) -> list[ReceivedMessage]:
        """Let ``take`` return None from now on; return what is left."""
        with self._changed:
            self._closed = self._ended = True
            self._changed.notify_all()
            return self._surplus()

    def _has_run_low(self) -> bool:
        return not self._held and len(self._messages) <= self._refill_at

    def _room(self) -> int:
        if self._closed or not self._has_run_low():
            return 0
        return min(_MAX_RECEIVE, self._capacity - len(self._messages))

    def _pop(self) -> ReceivedMessage | None:
        if self._held or not self._messages:
            return None
        message = self._messages.popleft()
        self._changed.notify_all()
        return message

    def _surplus(self) -> list[ReceivedMessage]:
        kept = 0 if self._held else self.idle
        return [self._messages.pop() for _ in range(len(self._messages) - kept)]
