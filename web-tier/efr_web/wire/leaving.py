"""Connections that are closed once their clients have read the answer, without a thread."""

import socket
import time
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ, BaseSelector
from typing import Final

from gunicorn.workers.gthread import TConn

_LINGER_S: Final = 2.0
_READ_BYTES: Final = 16 * 1024


class LeavingClients:
    """The connections that are being closed; for one thread.

    Closing one at once would reset it while the client still sends, and the client would lose the
    answer (RFC 9112, section 9.6).

    Parameters
    ----------
    poller : BaseSelector
        Calls what it is given with a connection when that is ready.
    close : callable
        Closes a connection.
    """

    def __init__(self, poller: BaseSelector, close: Callable[[TConn], None]) -> None:
        self._poller = poller
        self._close = close
        self._leaving: dict[TConn, None] = {}  # in the order of their deadlines

    def leave(self, conn: TConn) -> None:
        """Close a connection once the client has read the answer, or two seconds later."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self._poller.register(conn.sock, EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError, KeyError):  # the client has gone
            self._close(conn)
            return
        conn.timeout = time.monotonic() + _LINGER_S
        self._leaving[conn] = None

    def give_up_overdue(self) -> None:
        """Close the connections whose time is over."""
        now = time.monotonic()
        while self._leaving and next(iter(self._leaving)).timeout <= now:
            self.give_up_one()

    def give_up_one(self) -> bool:
        """Close the connection whose time is over first; tell if there is one."""
        if not self._leaving:
            return False
        self._forget(next(iter(self._leaving)))
        return True

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        if conn not in self._leaving:  # closed by an event of the same round
            return
        try:
            ended = not client.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self._forget(conn)

    def _forget(self, conn: TConn) -> None:
        del self._leaving[conn]
        self._poller.unregister(conn.sock)
        self._close(conn)
