"""Connections that have no whole request yet cost no thread, and idle ones make room.

gunicorn's threaded worker gives a thread to every new connection, and the thread
waits for the request's header; it also closes connections in its main loop, which
waits for the client for up to two seconds. So a few hundred clients that send
nothing, or half a header, stop everyone else. Here one loop reads headers, for all
connections, and closes connections without waiting for anyone.
"""

import errno
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

HEADER_TIMEOUT_S: Final = 15.0
"""Time in which a request's header must be there."""

_MAX_HEADER_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 16 * 1024
_LINGER_S: Final = 2.0
_FULL_PAUSE_S: Final = 0.05
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})
_NOTHING_THERE: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED})

log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Any]


class HeaderFirstWorker(ThreadWorker):  # type: ignore[misc]
    """A threaded worker whose threads get only requests with a whole header.

    Of the connections that have none, the one that has waited longest is closed
    when there are too many, so a new client is always let in. It speaks plain
    HTTP/1: TLS ends at the proxy in front.
    """

    wsgi: WsgiApp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[TConn, None] = {}  # in the order of their deadlines, as all wait alike
        self._leaving: dict[TConn, None] = {}
        self._given_up = 0

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = closing_after_unread_body(self.wsgi)

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, in place of the oldest idle one when there are too many."""
        while self.nr_conns >= self.worker_connections - 1 and self._make_room():
            pass
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                if not self._make_room():
                    time.sleep(_FULL_PAUSE_S)  # the listener stays readable: don't spin
            elif error.errno not in _NOTHING_THERE:
                raise
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.init()
        self._await_header(conn)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Read the next request of a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_header(conn)

    def finish_request(self, conn: TConn, done: "Future[Any]") -> None:
        """Keep or close a connection whose request was answered."""
        if done.cancelled() or done.exception() is not None or not done.result():
            self._leave(conn)
        elif conn.parser.unreader.buf.getvalue():
            # A client that sends the next request before it has this answer.
            self._await_header(conn)
        else:
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """Give up the connections whose time is over; the main loop calls it each second."""
        for conn in _overdue(self._waiting):
            self._give_up(conn)
        for conn in _overdue(self._leaving):
            self._forget(conn, self._leaving)
        if self._given_up:
            log.info("connections without a request were given up", extra={"count": self._given_up})
            self._given_up = 0

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self._waiting:
            conn.timeout = min(conn.timeout, deadline)

    def _await_header(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + HEADER_TIMEOUT_S
        if not self._hand_over_if_whole(conn):
            self._waiting[conn] = None
            self.poller.register(conn.sock, EVENT_READ, partial(self._read_header, conn))

    def _read_header(self, conn: TConn, client: socket.socket) -> None:
        if conn not in self._waiting:  # closed by an event of the same round
            return
        try:
            received = client.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._forget(conn, self._waiting)
            return
        conn.parser.unreader.buf.write(received)
        if self._hand_over_if_whole(conn):
            self.poller.unregister(client)
            del self._waiting[conn]
        elif conn.parser.unreader.buf.tell() > _MAX_HEADER_BYTES:
            self._refuse(conn, "431 Request Header Fields Too Large")

    def _hand_over_if_whole(self, conn: TConn) -> bool:
        """Give a connection to a thread once gunicorn can parse its header without waiting."""
        begun = conn.parser.unreader.buf.getvalue()
        # A header with a bare LF never ends as HTTP wants it: gunicorn refuses it at once.
        if b"\r\n\r\n" not in begun and begun.count(b"\n") == begun.count(b"\r\n"):
            return False
        conn.data_ready = True
        self.enqueue_req(conn)
        return True

    def _give_up(self, conn: TConn) -> None:
        self._given_up += 1
        if conn.parser.unreader.buf.getvalue():
            self._refuse(conn, "408 Request Timeout")
        else:
            self._forget(conn, self._waiting)

    def _refuse(self, conn: TConn, status: str) -> None:
        answer = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        with suppress(OSError):
            conn.sock.send(answer.encode())
        self.poller.unregister(conn.sock)
        del self._waiting[conn]
        self._leave(conn)

    def _leave(self, conn: TConn) -> None:
        """Close a connection once the client has read the answer, or two seconds later.

        Closing it at once would reset it while the client still sends, and the
        client would lose the answer (RFC 9112, section 9.6).
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError, KeyError):  # the client has gone
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = time.monotonic() + _LINGER_S
        self._leaving[conn] = None

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        if conn not in self._leaving:
            return
        try:
            ended = not client.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self._forget(conn, self._leaving)

    def _make_room(self) -> bool:
        """Close the connection that is worth least; tell whether there was one."""
        for idle in (self._leaving, self._waiting):
            if idle:
                self._given_up += idle is self._waiting
                self._forget(next(iter(idle)), idle)
                return True
        if self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()
            return True
        return False

    def _forget(self, conn: TConn, kind: dict[TConn, None]) -> None:
        del kind[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def closing_after_unread_body(app: WsgiApp) -> WsgiApp:
    """Announce ``Connection: close`` where an answer leaves a body unread.

    gunicorn drops such a connection, since what follows on it is no request, but
    has told the client by then that the connection is kept. A client, or a load
    balancer, that believed it would lose its next request.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        parts = app(environ, start_response)  # its headers are sent with the first part
        if is_unread(environ["wsgi.input"]):
            start_response.__self__.force_close()  # type: ignore[attr-defined]
        return parts

    return answer


def is_unread(body: Any) -> bool:
    """Tell whether bytes of a request's body are still to come, of gunicorn's kinds of body."""
    if body.failed:
        return True
    reader = body.reader
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None))


def _overdue(conns: dict[TConn, None]) -> Iterator[TConn]:
    now = time.monotonic()
    while conns and (oldest := next(iter(conns))).timeout <= now:
        yield oldest
