"""What is sent again, after how long, and what is not."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from werkzeug import Request, Response

from elastic_face import Client
from elastic_face.errors import (
    BadRequest,
    KeyRefused,
    RecognitionFailed,
    ServerUnknown,
    ServerUnreachable,
    ServiceError,
    TooManyRequests,
    Unavailable,
    family_of,
)
from elastic_face.transport import Transport
from tests.support.photos import made_photo
from tests.support.services.served import served

PHOTO = made_photo()
AWAY = (503, "STORAGE_UNAVAILABLE")
BUSY = (429, "TOO_BUSY")


class Scripted:
    """A server that refuses as it is told, and then answers; notes what it was sent."""

    def __init__(self, *refusals: tuple[int, str], retry_after: str = "") -> None:
        self.refusals = list(refusals)
        self.retry_after = retry_after
        self.sent: list[str] = []
        self.keys: set[str | None] = set()

    @contextmanager
    def client(self, slept: list[float]) -> Iterator[Client]:
        @Request.application
        def answer(request: Request) -> Response:
            self.sent.append(f"{request.method} {request.path}")
            self.keys.add(request.headers.get("Idempotency-Key"))
            request.get_data()
            if not self.refusals:
                return Response('{"job_id": "j", "faces": 0, "person": "Ada"}')
            status, code = self.refusals.pop(0)
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return Response(f'{{"error": "later", "code": "{code}"}}', status, headers)

        with served(answer) as address, Client(address, sleep=slept.append) as client:
            yield client


def test_busy_server_is_asked_again_after_the_time_that_it_tells() -> None:
    server, slept = Scripted(BUSY, BUSY, retry_after="7"), list[float]()

    with server.client(slept) as client:
        assert client.submit(PHOTO) == "j"

    assert slept == [7, 7]
    assert len(server.sent) == 3


def test_pauses_grow_where_the_server_tells_none() -> None:
    server, slept = Scripted(*[BUSY] * 9), list[float]()

    with server.client(slept) as client, pytest.raises(TooManyRequests) as raised:
        client.submit(PHOTO)

    assert raised.value.code == "TOO_BUSY"
    assert len(slept) == 5
    for number, pause_s in enumerate(slept):
        assert 0.25 * 2**number <= pause_s <= 0.5 * 2**number


def test_server_that_wants_an_hour_is_not_waited_for() -> None:
    server, slept = Scripted(BUSY, retry_after="3600"), list[float]()

    with server.client(slept) as client, pytest.raises(TooManyRequests) as raised:
        client.submit(PHOTO)

    assert raised.value.retry_after_s == 3600
    assert slept == []


def test_upload_goes_again_after_a_503_under_one_key() -> None:
    server = Scripted(AWAY)

    with server.client([]) as client:
        client.submit(PHOTO)

    assert len(server.sent) == 2
    assert len(server.keys) == 1
    assert server.keys != {None}


def test_upload_without_a_key_does_not_go_again_after_a_503() -> None:
    server = Scripted(AWAY)

    with server.client([]) as client, pytest.raises(Unavailable):
        client.submit(PHOTO, idempotency_key="")

    assert server.sent == ["POST /"]
    assert server.keys == {None}


@pytest.mark.parametrize("call", ["change_person", "erase_person", "create_collection"])
def test_change_does_not_go_again_after_a_503(call: str) -> None:
    server = Scripted(AWAY)
    arguments = ["staff"] if call == "create_collection" else ["staff", "Ada"]

    with server.client([]) as client, pytest.raises(Unavailable) as raised:
        getattr(client, call)(*arguments)

    assert raised.value.code == "STORAGE_UNAVAILABLE"
    assert len(server.sent) == 1


@contextmanager
def losing(answers: int) -> Iterator[tuple[str, list[bytes]]]:
    """Serve HTTP, but end so many connections after the request, without an answer."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(65536).split(b"\r\n")[0])
                if len(seen) > answers:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_lost_answer_is_asked_for_again_only_where_that_does_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with losing(2) as (address, seen):
        transport = Transport(address, sleep=lambda _: None)
        assert transport.ask("GET", "/collections/c/persons/Ada").status == 200
        transport.close()
    assert len(seen) == 3

    with losing(2) as (address, seen), pytest.raises(ServerUnreachable) as raised:
        Transport(address, sleep=lambda _: None).ask("PATCH", "/collections/c/persons/Ada")
    assert len(seen) == 1
    assert "Ada" not in str(raised.value)
    assert "Ada" not in caplog.text  # urllib3 would warn of each try, with its path


def test_server_that_is_not_there_is_looked_for_five_times_more() -> None:
    slept: list[float] = []

    with pytest.raises(ServerUnreachable, match="Connection refused") as raised:
        Client("http://127.0.0.1:9", sleep=slept.append).create_collection("staff")

    assert len(slept) == 5
    assert (raised.value.code, raised.value.status) == ("SERVER_UNREACHABLE", None)


@pytest.mark.parametrize("answer", ["no", '{"ok": true}', '{"persons": 3, "next_token": "Ada"}'])
def test_something_else_is_said_to_be_so_without_what_it_says(answer: str) -> None:
    with served(Response(answer, 200)) as address, pytest.raises(ServerUnknown) as raised:
        list(Client(address).people("staff"))

    assert "Ada" not in str(raised.value)


def test_key_is_sent_and_not_shown() -> None:
    keys: list[str | None] = []

    @Request.application
    def answer(request: Request) -> Response:
        keys.append(request.headers.get("Authorization"))
        return Response('{"error": "no", "code": "KEY_INVALID", "request_id": "r"}', 401)

    with served(answer) as address, pytest.raises(KeyRefused) as raised:
        Client(address, "efr_secret").key()

    assert keys == ["Bearer efr_secret"]
    assert raised.value.request_id == "r"
    assert "secret" not in repr(Client("http://x", "efr_secret"))


@pytest.mark.parametrize(
    ("code", "status", "family"),
    [
        ("INVALID_REQUEST", 400, BadRequest),
        ("MADE_LATER", 405, BadRequest),
        ("MADE_LATER", 429, TooManyRequests),
        ("MADE_LATER", None, RecognitionFailed),
        ("RECOGNITION_TIMED_OUT", None, RecognitionFailed),
        ("INTERNAL_ERROR", 500, ServiceError),
    ],
)
def test_code_has_a_family(code: str, status: int | None, family: type[ServiceError]) -> None:
    assert family_of(code, status) is family
