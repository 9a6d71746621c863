"""Where bodies end, before any thread reads them."""

from contextlib import suppress
from itertools import pairwise

import pytest
from efr_web.wire.arriving_bodies import (
    ArrivingBody,
    ChunkedBody,
    MeasuredBody,
    arriving_body,
    expects_to_be_asked,
)
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import SocketUnreader
from hypothesis import example, given
from hypothesis import strategies as st

MOST = 1000
CHUNKED = b"5\r\nabcde\r\n1A;name=value\r\n" + b"\n" * 26 + b"\r\n0\r\nDigest: x\r\n\r\n"


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"POST / HTTP/1.1", b"Host: x", *lines, b"", b""])


def body_of(*lines: bytes) -> ArrivingBody | None:
    return arriving_body(head(*lines), MOST)


@pytest.mark.parametrize(
    "line",
    [b"Content-Length: 5", b"content-length:5", b"CONTENT-LENGTH:\t5 ", b"Content-Length: 1000"],
)
def test_body_with_a_length_is_awaited(line: bytes) -> None:
    assert isinstance(body_of(line), MeasuredBody)


@pytest.mark.parametrize(
    "value", [b"chunked", b" Chunked ", b"\tCHUNKED", b"gzip, chunked", b"identity,chunked"]
)
def test_body_in_chunks_is_awaited(value: bytes) -> None:
    assert isinstance(body_of(b"Transfer-Encoding:" + value), ChunkedBody)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"Content-Length: 0"],
        [b"Content-Length: 1001"],
        [b"Content-Length: " + b"9" * 5000],
        [b"Content-Length: -5"],
        [b"Content-Length: 5, 5"],
        [b"Content-Length: 5", b"Content-Length: 5"],
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: gzip"],
        [b"Transfer-Encoding: chunked, gzip"],
        [b"Transfer-Encoding : chunked"],
        [b"X-Content-Length: 5"],
    ],
)
def test_body_that_is_refused_or_not_there_is_not_awaited(lines: list[bytes]) -> None:
    assert body_of(*lines) is None


def test_body_with_a_length_asks_for_no_byte_of_the_next_request() -> None:
    body = MeasuredBody(10)
    body.feed(b"1234567")

    assert body.wanted == 3
    body.feed(b"890")
    assert body.wanted == 0


@given(cuts=st.sets(st.integers(1, len(CHUNKED) - 1)))
def test_chunks_end_where_they_end_however_they_come(cuts: set[int]) -> None:
    body = ChunkedBody(MOST)
    edges = [0, *sorted(cuts), len(CHUNKED)]
    for start, end in pairwise(edges):
        assert body.wanted, start
        body.feed(CHUNKED[start:end])

    assert body.wanted == 0


@pytest.mark.parametrize(
    "begun",
    [
        b"\r\n",
        b"zz\r\n",
        b"0\r\na: b\n",
        b"-5\r\n",
        b"0x5\r\n",
        b"1_0\r\n",
        b"+5\r\n",
        b"5 5\r\n",
        b"a" * 9000,
    ],
)
def test_what_is_no_chunk_is_not_awaited(begun: bytes) -> None:
    body = ChunkedBody(MOST * 100)
    body.feed(begun)

    assert body.wanted == 0


def test_chunks_beyond_the_limit_are_not_awaited() -> None:
    body = ChunkedBody(MOST)
    body.feed(b"ffff\r\n" + bytes(MOST))

    assert body.wanted == 0


def test_only_clients_of_http_1_1_expect_to_be_asked() -> None:
    old = head(b"Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")

    assert expects_to_be_asked(head(b"Expect: 100-continue"))
    assert expects_to_be_asked(head(b"X: y", b"expect:100-Continue", b"Z: 1"))
    assert not expects_to_be_asked(head())
    assert not expects_to_be_asked(head(b"X-Expect: 100-continue"))
    assert not expects_to_be_asked(old)


LINES = [
    b"Content-Length: 5",
    b"Content-Length: " + b"0" * 30 + b"5",
    b"Content-Length:5 \t",
    b"Content-Length: 0",
    b"Content-Length: x",
    b"Content-Length : 5",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, identity",
    b"transfer-encoding:\tchunked ",
    b"Connection: close",
    b" folded",
]
PIECES = [b"0", b"5", b"00", b"f" * 20, b"abcde", b"\r\n", b"\r", b"\n", b";", b"x=y", b" ", b":"]


class Waiting(SocketUnreader):  # type: ignore[misc]
    """Gives what was sent, and notes when more is asked for."""

    def __init__(self, sent: bytes) -> None:
        super().__init__(None)
        self.buf.write(sent)
        self.has_waited = False

    def chunk(self, size_hint: int | None = None) -> bytes:
        self.has_waited = True
        return b""


@given(lines=st.lists(st.sampled_from(LINES), max_size=3), pieces=st.lists(st.sampled_from(PIECES)))
@example(lines=[b"Transfer-Encoding: chunked"], pieces=[b"0", b"\n", b"\n"])
@example(lines=[b"Transfer-Encoding: chunked"], pieces=[b"f" * 20, b"\r\n", b"a"])
@example(lines=[b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"], pieces=[b"5"])
@example(lines=[b"Content-Length: " + b"0" * 30 + b"5"], pieces=[b"abc"])
def test_no_thread_waits_for_a_request_that_it_is_given(
    lines: list[bytes], pieces: list[bytes]
) -> None:
    body = body_of(*lines)
    sent = b"".join(pieces)
    if body is not None:
        body.feed(sent)
        if body.wanted:
            return  # it is given to no thread yet
    unreader = Waiting(head(*lines) + sent)

    with suppress(ParseException):
        request = Request(Config(), unreader, ("127.0.0.1", 1))
        request.body.read()

    assert not unreader.has_waited
