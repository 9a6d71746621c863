"""Bodies that arrive before a thread is taken for them: where they end, and where they wait."""

import re
from collections import deque
from typing import Final, Protocol

from gunicorn.http.unreader import SocketUnreader

_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*(?=\r\n)", re.IGNORECASE)
_CODING: Final = re.compile(rb"\r\ntransfer-encoding:([^\r\n]*)(?=\r\n)", re.IGNORECASE)
_SIZE: Final = re.compile(rb"([0-9a-f]+)[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_EXPECTS: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_MAX_LINE_BYTES: Final = 8190
_READ_BYTES: Final = 256 * 1024
_READ_CHUNKED_BYTES: Final = 64 * 1024
"""Fewer, as one that comes in tiny chunks takes its time."""


class ArrivingBody(Protocol):
    """A body of which more is to come; ``received`` counts the bytes that came."""

    received: int

    @property
    def wanted(self) -> int:
        """How many bytes to read next; 0 once a thread would not have to wait for more."""

    def feed(self, data: bytes) -> None:
        """Take note of bytes that came."""


class MeasuredBody:
    """A body with a ``Content-Length``."""

    def __init__(self, length: int) -> None:
        self.received = 0
        self._length = length

    @property
    def wanted(self) -> int:
        return min(_READ_BYTES, max(0, self._length - self.received))

    def feed(self, data: bytes) -> None:
        self.received += len(data)


class ChunkedBody:
    """A body in chunks: over with the last one, with what is no chunk, or beyond a limit."""

    def __init__(self, most_bytes: int) -> None:
        self.received = 0
        self._most_bytes = most_bytes
        self._line = bytearray()
        self._to_skip = 0
        self._is_in_trailers = False
        self._is_over = False

    @property
    def wanted(self) -> int:
        return 0 if self._is_over or self.received > self._most_bytes else _READ_CHUNKED_BYTES

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        at = 0
        while at < len(data) and not self._is_over:
            if self._to_skip:
                step = min(self._to_skip, len(data) - at)
                self._to_skip -= step
                at += step
                continue
            at = self._read_line(data, at)

    def _read_line(self, data: bytes, at: int) -> int:
        """Read on in a line; return where it or the data ends."""
        end = data.find(b"\n", at) + 1
        stop = end or len(data)
        self._line += data[at:stop]
        if end and self._line.endswith(b"\r\n"):
            self._take_line()
        elif self._is_in_trailers:
            self._is_over = end > 0  # gunicorn refuses an LF alone among trailers, and here only
        else:
            self._is_over = len(self._line) > _MAX_LINE_BYTES
        return stop

    def _take_line(self) -> None:
        line = bytes(self._line).strip()
        self._line.clear()
        if self._is_in_trailers:
            self._is_over = not line
            return
        found = _SIZE.fullmatch(line)
        if found is None:
            self._is_over = True  # gunicorn refuses it
            return
        size = int(found[1], 16)
        self._is_in_trailers = size == 0
        self._to_skip = size + 2 if size else 0


def arriving_body(head: bytes, most_bytes: int) -> ArrivingBody | None:
    """Return the body that follows a header.

    Parameters
    ----------
    most_bytes : int
        Length up to which the application may accept a body.

    Returns
    -------
    ArrivingBody, optional
        None where there is none, and where it is refused without being read. Where gunicorn
        accepts what this does not know, a slow client would take a thread.
    """
    lengths, codings = _LENGTH.findall(head), _CODING.findall(head)
    if codings:
        last = b",".join(codings).rpartition(b",")[2].strip().lower()
        return ChunkedBody(most_bytes) if last == b"chunked" and not lengths else None
    digits = lengths[0].lstrip(b"0") if len(lengths) == 1 else b""
    if 0 < len(digits) <= len(str(most_bytes)) and int(digits) <= most_bytes:
        return MeasuredBody(int(digits))
    return None


def expects_to_be_asked(head: bytes) -> bool:
    """Tell whether the client sends the body once it is told to go on (``100-continue``)."""
    return head.partition(b"\r\n")[0].endswith(b" HTTP/1.1") and bool(_EXPECTS.search(head))


class ReadAhead(SocketUnreader):  # type: ignore[misc]
    """Gives gunicorn what arrived, and only then what the socket has."""

    def __init__(self, sock: object) -> None:
        super().__init__(sock)
        self.ahead: deque[bytes] = deque()
        self.is_asked = False
        """Whether the client was told to go on with its body."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        if self.ahead:
            return self.ahead.popleft()
        received: bytes = super().chunk(size_hint)
        return received

    def rest(self) -> bytes:
        """Return what came behind the request, all in the buffer now."""
        self.buf.seek(0, 2)
        while self.ahead:
            self.buf.write(self.ahead.popleft())
        begun: bytes = self.buf.getvalue()
        return begun
