"""Answers that wait for clients to read them, without a thread."""

import logging
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_WRITE, BaseSelector
from typing import Any, Final

from gunicorn.workers.gthread import TConn

TIMEOUT_S: Final = 15.0
"""Longest time in which a client takes nothing of its answer."""

_MOST_KEPT_BYTES: Final = 64 * 1024 * 1024

log = logging.getLogger(__name__)


class KeptAnswer:
    """A client's socket for gunicorn: what the client does not take at once is kept.

    All but ``sendall`` is the socket's own.
    """

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._rest: deque[memoryview] = deque()
        self.left = 0
        """Bytes that are still to be sent."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, data: bytes) -> None:
        """Send what the client takes now, and keep the rest."""
        self._rest.append(memoryview(data))
        self.left += len(data)
        self.send_on()

    def send_on(self) -> int:
        """Send what the client takes now; return how many bytes that were."""
        before = self.left
        patience_s = self._client.gettimeout()
        self._client.setblocking(False)  # or it would wait until the client takes some
        try:
            while self._rest:
                self._take(self._client.send(self._rest[0]))
        except BlockingIOError:
            pass
        finally:
            self._client.settimeout(patience_s)
        return before - self.left

    def _take(self, sent: int) -> None:
        self.left -= sent
        first = self._rest.popleft()
        if sent < len(first):
            self._rest.appendleft(first[sent:])


@dataclass(frozen=True, kw_only=True)
class _Reader:
    answer: KeptAnswer
    then: Callable[[], None]


class SlowReaders:
    """The connections whose clients have not read their answers yet; for one thread.

    When their answers take too much memory, the connection is closed whose client has taken
    nothing for longest.

    Parameters
    ----------
    poller : BaseSelector
        Calls what it is given with a connection when that is ready.
    close : callable
        Closes a connection that is given up.
    """

    def __init__(self, poller: BaseSelector, close: Callable[[TConn], None]) -> None:
        self._poller = poller
        self._close = close
        self._readers: dict[TConn, _Reader] = {}  # in the order of their deadlines
        self._kept_bytes = 0

    def wait_for(self, conn: TConn, answer: KeptAnswer, then: Callable[[], None]) -> None:
        """Send the rest of an answer as the client takes it, and then call ``then``."""
        try:
            conn.sock.setblocking(False)
            self._poller.register(conn.sock, EVENT_WRITE, partial(self._send_on, conn))
        except (OSError, ValueError, KeyError):  # the client has gone
            self._close(conn)
            return
        conn.timeout = time.monotonic() + TIMEOUT_S
        self._readers[conn] = _Reader(answer=answer, then=then)
        self._kept_bytes += answer.left
        while self._kept_bytes > _MOST_KEPT_BYTES:
            self.give_up_one()

    def give_up_overdue(self) -> None:
        """Close the connections whose clients have taken nothing for too long."""
        now = time.monotonic()
        while self._readers and next(iter(self._readers)).timeout <= now:
            self.give_up_one()

    def give_up_one(self) -> bool:
        """Close the connection whose client has taken nothing for longest; tell if there is one."""
        if not self._readers:
            return False
        conn = next(iter(self._readers))
        log.info("answer was given up that its client did not read")
        self._forget(conn)
        self._close(conn)
        return True

    def _send_on(self, conn: TConn, _: socket.socket) -> None:
        reader = self._readers.get(conn)
        if reader is None:  # closed by an event of the same round
            return
        try:
            sent = reader.answer.send_on()
        except OSError:
            self._forget(conn)
            self._close(conn)
            return
        self._kept_bytes -= sent
        if not reader.answer.left:
            self._forget(conn)
            reader.then()
        elif sent:
            conn.timeout = time.monotonic() + TIMEOUT_S
            self._readers[conn] = self._readers.pop(conn)

    def _forget(self, conn: TConn) -> None:
        self._kept_bytes -= self._readers.pop(conn).answer.left
        self._poller.unregister(conn.sock)
