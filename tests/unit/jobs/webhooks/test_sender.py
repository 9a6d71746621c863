"""What becomes of a POST, to receivers that answer, refuse, dawdle and lie."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from core.jobs.webhooks.addresses import Guard
from core.jobs.webhooks.sender import Reply, Sender
from tests.support.services.receiver import Receiver

LOCAL = Guard(["127.0.0.1"])


def post(address: str, *, timeout_s: float = 10) -> Reply:
    send = Sender(LOCAL, timeout_s=timeout_s)
    return send(f"{address}/hook?a=1", headers={"webhook-id": "an-id"}, body=b'{"a":1}')


@contextmanager
def answering(act: Callable[[socket.socket], None]) -> Iterator[str]:
    """Yield the address of a receiver that does something with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        act(connection)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_receiver_gets_path_query_headers_and_body() -> None:
    with Receiver() as receiver:
        reply = post(receiver.address)

    (got,) = receiver.received
    assert reply.is_accepted
    assert (got.path, got.body, got.event_id) == ("/hook?a=1", '{"a":1}', "an-id")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    ("status", "is_accepted"),
    [(200, True), (204, True), (299, True), (301, False), (307, False), (410, False), (500, False)],
)
def test_only_2xx_is_accepted(status: int, is_accepted: bool) -> None:
    with Receiver(lambda _: status) as receiver:
        reply = post(receiver.address)

    assert (reply.is_accepted, reply.text) == (is_accepted, f"HTTP_{status}")


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("120", 120), ("soon", 0), ("-5", 0), ("", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_receiver_tells_how_long_it_wants_to_be_left_alone(told: str, seconds: float) -> None:
    with Receiver(lambda _: 503) as receiver:
        receiver.more_headers = {"Retry-After": told}
        assert post(receiver.address).retry_after_s == seconds


def test_date_of_a_retry_counts_from_now() -> None:
    with Receiver(lambda _: 429) as receiver:
        receiver.more_headers = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
        send = Sender(LOCAL, now=lambda: 1_445_412_480 - 60)

        assert send(receiver.address, headers={}, body=b"").retry_after_s == 60


def test_nobody_there_is_not_connected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert post(f"http://127.0.0.1:{port}").text == "NOT_CONNECTED"


def test_unknown_name_is_not_resolved() -> None:
    def resolve(*_: object, **__: object) -> list[object]:
        raise socket.gaierror

    send = Sender(Guard(resolve=resolve))

    assert send("https://nowhere.example/", headers={}, body=b"").text == "NOT_RESOLVED"


def test_what_is_no_http_is_said_to_be_none() -> None:
    with answering(lambda connection: connection.sendall(b"SSH-2.0-x\r\n\r\n")) as address:
        assert post(address).text in ("NO_HTTP", "NOT_CONNECTED")


def test_receiver_without_tls_fails() -> None:
    guard = Guard(["127.0.0.1"])
    with Receiver() as receiver:
        reply = Sender(guard)(f"https://127.0.0.1:{receiver.port}/", headers={}, body=b"")

    assert reply.text == "TLS_FAILED"


def hang(connection: socket.socket) -> None:
    connection.recv(65_536)
    time.sleep(30)


def drip(connection: socket.socket) -> None:
    """Send a header without end, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


@pytest.mark.parametrize("act", [hang, drip])
def test_slow_receiver_is_cut_off_at_the_deadline(act: Callable[[socket.socket], None]) -> None:
    with answering(act) as address:
        assert post(address, timeout_s=0.5).text == "TIMED_OUT"


def test_body_of_an_answer_is_not_read() -> None:
    ended = threading.Event()

    def flood(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                connection.sendall(b"a" * 65_536)
        finally:
            ended.set()

    with answering(flood) as address:
        assert post(address).is_accepted
        assert ended.wait(30), "the connection was closed before the end of the body"


def test_headers_without_end_are_refused() -> None:
    def flood(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 1000)

    with answering(flood) as address:
        assert post(address).text in ("NO_HTTP", "NOT_CONNECTED")
