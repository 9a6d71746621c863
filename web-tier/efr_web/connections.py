"""Connections without a whole request, or with a long answer, cost no thread; idle ones make room.

gunicorn's threaded worker gives a thread to every new connection, and the thread
waits for the request's header; it also closes connections in its main loop, which
waits for the client for up to two seconds. So a few hundred clients that send
nothing, half a header or half a photo, or do not read their answers, stop everyone
else. Here one loop reads headers and bodies, for all connections, sends what clients
do not take at once, and closes connections without waiting for anyone.
"""

import errno
import logging
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.http.errors import UnsupportedTransferCoding
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker
from werkzeug.exceptions import RequestHeaderFieldsTooLarge

from core.errors import FaceServiceError, RequestTimedOut
from efr_web.middleware import Failure, code_of
from efr_web.wire.arriving_bodies import ArrivingBody, ReadAhead, arriving_body, expects_to_be_asked
from efr_web.wire.kept_answers import KeptAnswer, SlowReaders
from efr_web.wire.leaving import LeavingClients
from efr_web.wire.raw_answers import kind_of, raw_answer
from efr_web.wire.wsgi_wrappers import WsgiApp, closing_after_unread_body, nameless

HEADER_TIMEOUT_S: Final = 15.0
"""Time in which a request's header must be there."""

BODY_TIMEOUT_S: Final = 15.0
"""Longest silence in the middle of a body."""

_MAX_HEADER_BYTES: Final = 64 * 1024
_LEAST_AHEAD_BYTES: Final = 64 * 1024 * 1024
_READ_BYTES: Final = 16 * 1024
_FULL_PAUSE_S: Final = 0.05
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})
_NOTHING_THERE: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED})

log = logging.getLogger(__name__)

Conns = dict[TConn, None] | dict[TConn, ArrivingBody]


class HeaderFirstWorker(ThreadWorker):  # type: ignore[misc]
    """A threaded worker whose threads get only requests that are whole.

    Of the connections that have none, the one that has waited longest is closed
    when there are too many, so a new client is always let in. When the bodies that
    arrive take too much memory, those that grow further are given to threads, which
    wait for the rest. It speaks plain HTTP/1: TLS ends at the proxy in front.
    """

    wsgi: WsgiApp
    most_body_bytes = 0
    """The longest body that the application may accept; ``gunicorn_conf.py`` sets it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[TConn, None] = {}  # in the order of their deadlines, as all wait alike
        self._arriving: dict[TConn, ArrivingBody] = {}  # the longest silent one first
        self._arrived_bytes = 0
        self._given_up = 0

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = nameless(closing_after_unread_body(self.wsgi))
        self._readers = SlowReaders(self.poller, self._close)
        self._leaving = LeavingClients(self.poller, self._close)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections, or none. A process that stops lets go of the port as well.

        Otherwise clients could still connect, and would wait for an answer until it ends.
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                listener.close()

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
        conn.parser.unreader = ReadAhead(client)
        self._await_header(conn)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Read the next request of a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_header(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer a request; a client that was told to go on is not told again.

        gunicorn would take a body that is compressed and chunked, and not undo the former.
        """
        for name, value in req.headers:
            if name == "TRANSFER-ENCODING" and value.strip().lower() != "chunked":
                raise UnsupportedTransferCoding(value)
        if conn.parser.unreader.is_asked:
            req._expected_100_continue = False
            conn.parser.unreader.is_asked = False
        client = conn.sock
        conn.sock = conn.answer = KeptAnswer(client)
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock = client

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Refuse what is no request; neither the answer nor the log repeat what came."""
        kind, request_id = kind_of(exc), str(uuid.uuid4())
        if kind is FaceServiceError:
            log.error(
                "request met an unexpected error", exc_info=exc, extra={"request_id": request_id}
            )
        else:
            log.info("request was refused", extra={"code": code_of(kind), "request_id": request_id})
        with suppress(OSError):
            write_nonblock(client, raw_answer(kind, request_id))

    def finish_request(self, conn: TConn, done: "Future[Any]") -> None:
        """Keep or close a connection whose request was answered, once the client has the answer."""
        answer: KeptAnswer | None = getattr(conn, "answer", None)
        if answer is None or not answer.left:
            self._finish(conn, done)
            return
        self._readers.wait_for(conn, answer, partial(self._finish, conn, done))

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def _finish(self, conn: TConn, done: "Future[Any]") -> None:
        conn.answer = None
        if done.cancelled() or done.exception() is not None or not done.result():
            self._leaving.leave(conn)
        elif conn.parser.unreader.rest():
            # A client that sends the next request before it has this answer.
            self._await_header(conn)
        else:
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """Give up the connections whose time is over; the main loop calls it each second."""
        for kind in (self._waiting, self._arriving):
            for conn in _overdue(kind):
                self._give_up(conn, kind)
        self._readers.give_up_overdue()
        self._leaving.give_up_overdue()
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
        self._waiting[conn] = None
        self.poller.register(conn.sock, EVENT_READ, partial(self._read_header, conn))
        self._look_at_header(conn)

    def _read_header(self, conn: TConn, _: socket.socket) -> None:
        if conn not in self._waiting:  # closed by an event of the same round
            return
        received = self._received(conn, _READ_BYTES, self._waiting)
        if received:
            conn.parser.unreader.buf.write(received)
            self._look_at_header(conn)
        elif received is not None:
            self._forget(conn, self._waiting)

    def _look_at_header(self, conn: TConn) -> None:
        """Go on once gunicorn can parse the header without waiting."""
        begun = conn.parser.unreader.buf.getvalue()
        end = begun.find(b"\r\n\r\n")
        if end >= 0:
            self._await_body(conn, begun[: end + 4], begun[end + 4 :])
        elif begun.count(b"\n") != begun.count(b"\r\n"):
            # A header with a bare LF never ends as HTTP wants it: gunicorn refuses it at once.
            self._hand_over(conn, self._waiting)
        elif len(begun) > _MAX_HEADER_BYTES:
            self._refuse(conn, RequestHeaderFieldsTooLarge, self._waiting)

    def _await_body(self, conn: TConn, head: bytes, begun: bytes) -> None:
        body = arriving_body(head, self.most_body_bytes)
        if body is not None:
            body.feed(begun)
        if body is None or not body.wanted:
            self._hand_over(conn, self._waiting)
            return
        if expects_to_be_asked(head):
            conn.parser.unreader.is_asked = True
            with suppress(OSError):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        del self._waiting[conn]
        self._arriving[conn] = body
        self._arrived_bytes += body.received
        conn.timeout = time.monotonic() + BODY_TIMEOUT_S
        self.poller.modify(conn.sock, EVENT_READ, partial(self._read_body, conn))

    def _read_body(self, conn: TConn, _: socket.socket) -> None:
        body = self._arriving.get(conn)
        if body is None:
            return
        received = self._received(conn, body.wanted, self._arriving)
        if received is None:
            return
        conn.parser.unreader.ahead.append(received)
        body.feed(received)
        self._arrived_bytes += len(received)
        is_over = not received or not body.wanted
        if is_over or self._arrived_bytes > self._most_arrived_bytes:
            self._hand_over(conn, self._arriving)
            return
        conn.timeout = time.monotonic() + BODY_TIMEOUT_S
        self._arriving[conn] = self._arriving.pop(conn)

    @property
    def _most_arrived_bytes(self) -> int:
        return max(_LEAST_AHEAD_BYTES, 4 * self.most_body_bytes)

    def _received(self, conn: TConn, most: int, kind: Conns) -> bytes | None:
        """Return what a client has sent, which is empty if it sends no more; None for nothing.

        A client that has gone is forgotten.
        """
        try:
            received: bytes = conn.sock.recv(most)
        except BlockingIOError:
            return None
        except OSError:
            self._forget(conn, kind)
            return None
        return received

    def _hand_over(self, conn: TConn, kind: Conns) -> None:
        self._take_from(kind, conn)
        self.poller.unregister(conn.sock)
        conn.data_ready = True
        self.enqueue_req(conn)

    def _give_up(self, conn: TConn, kind: Conns) -> None:
        self._given_up += 1
        if conn.parser.unreader.buf.getvalue():
            self._refuse(conn, RequestTimedOut, kind)
        else:
            self._forget(conn, kind)

    def _refuse(self, conn: TConn, why: Failure, kind: Conns) -> None:
        with suppress(OSError):
            conn.sock.send(raw_answer(why, str(uuid.uuid4())))
        self._take_from(kind, conn)
        self.poller.unregister(conn.sock)
        self._leaving.leave(conn)

    def _make_room(self) -> bool:
        """Close the connection that is worth least; tell whether there was one."""
        if self._leaving.give_up_one():
            pass
        elif self._waiting:
            self._given_up += 1
            self._forget(next(iter(self._waiting)), self._waiting)
        elif self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self._close(conn)
        elif self._readers.give_up_one():
            pass
        elif self._arriving:
            self._given_up += 1
            self._forget(next(iter(self._arriving)), self._arriving)
        else:
            return False
        return True

    def _forget(self, conn: TConn, kind: Conns) -> None:
        self._take_from(kind, conn)
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _take_from(self, kind: Conns, conn: TConn) -> None:
        body = kind.pop(conn)
        if body is not None:
            self._arrived_bytes -= body.received


def _overdue(conns: Conns) -> Iterator[TConn]:
    now = time.monotonic()
    while conns and (oldest := next(iter(conns))).timeout <= now:
        yield oldest
