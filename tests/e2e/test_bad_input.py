"""Bad input over a real socket: a clear error, and nothing left behind."""

import socket
from collections.abc import Iterator

import pytest
import requests

from core.aws.provisioning import provision
from core.errors import InvalidPhoto
from core.faces.photos.photo_header import inspect_photo
from harness.localstack import LocalStack
from harness.processes import WebProcess
from harness.waiting import wait_until
from tests.e2e.conftest import Service
from tests.support.backends import own_names
from tests.support.photos import made_photo, shared_folder
from tests.support.service import Counts, settings_of

MEGABYTE = 1024 * 1024


def assert_refused(answer: requests.Response, code: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == code
    assert answer.json()["request_id"]


@pytest.fixture
def left_before(web_alone: Service) -> int:
    """Count what other tests left behind: their photos are accepted."""
    return web_alone.counts.left()


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"#!/bin/sh\nrm -rf /", "UNSUPPORTED_IMAGE"),
        (made_photo()[:-20], "TRUNCATED_IMAGE"),
        (made_photo() + bytes(MEGABYTE), "FILE_TOO_LARGE"),
        (made_photo() + bytes(5 * MEGABYTE), "FILE_TOO_LARGE"),
    ],
)
def test_unusable_photo_leaves_nothing(
    web_alone: Service, left_before: int, photo: bytes, code: str
) -> None:
    assert_refused(web_alone.upload(photo), code)
    assert web_alone.counts.left() == left_before


def test_every_broken_file_is_refused_or_accepted_as_its_header_says(
    web_alone: Service, left_before: int
) -> None:
    for path in sorted(shared_folder("broken-half").glob("*/*")):
        photo = path.read_bytes()
        if len(photo) > MEGABYTE:
            continue
        try:
            inspect_photo(photo, max_pixels=web_alone.settings.max_pixels)
        except InvalidPhoto as error:
            assert_refused(web_alone.upload(photo, path.name), error.code)
    assert web_alone.counts.left() == left_before


def raw_exchange(service: Service, head: str, body: Iterator[bytes]) -> bytes:
    """Send bytes that no well-behaved client would; return the answer."""
    with socket.create_connection(("127.0.0.1", service.settings.web_port), timeout=20) as peer:
        peer.sendall(head.replace("\n", "\r\n").encode())
        try:
            for chunk in body:
                peer.sendall(chunk)
            peer.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has closed: it has said all that it wants to say
        answer = b""
        try:
            while chunk := peer.recv(65536):
                answer += chunk
        except OSError:
            pass
        return answer


def test_announced_gigabyte_is_refused_without_being_sent(
    web_alone: Service, left_before: int
) -> None:
    head = (
        "POST / HTTP/1.1\nHost: localhost\nContent-Length: 1000000000\n"
        "Content-Type: multipart/form-data; boundary=b\n\n"
    )

    answer = raw_exchange(web_alone, head, iter(()))

    assert b"FILE_TOO_LARGE" in answer
    assert web_alone.counts.left() == left_before


def test_body_larger_than_announced_is_not_read(web_alone: Service, left_before: int) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="inputFile"; filename="a.jpg"\r\n\r\n'
    head = (
        f"POST / HTTP/1.1\nHost: localhost\nContent-Length: {len(part) + 10}\nConnection: close\n"
        "Content-Type: multipart/form-data; boundary=b\n\n"
    )

    answer = raw_exchange(web_alone, head, iter([part, bytes(3 * MEGABYTE)]))

    assert answer.startswith(b"HTTP/1.1 400")
    assert web_alone.counts.left() == left_before


def test_endless_chunked_body_is_cut_off_at_the_limit(web_alone: Service, left_before: int) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="inputFile"; filename="a.jpg"\r\n\r\n'
    head = (
        "POST / HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\nConnection: close\n"
        "Content-Type: multipart/form-data; boundary=b\n\n"
    )

    def chunks() -> Iterator[bytes]:
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
        for _ in range(40):
            yield b"10000\r\n" + bytes(65536) + b"\r\n"

    answer = raw_exchange(web_alone, head, chunks())

    assert b"FILE_TOO_LARGE" in answer
    assert web_alone.counts.left() == left_before


def test_silent_client_is_given_up(web_alone: Service) -> None:
    head = (
        "POST / HTTP/1.1\nHost: localhost\nContent-Length: 1000\n"
        "Content-Type: multipart/form-data; boundary=b\n\n"
    )
    with socket.create_connection(("127.0.0.1", web_alone.settings.web_port), timeout=40) as peer:
        peer.sendall(head.replace("\n", "\r\n").encode() + b"--b\r\n")

        answer = peer.recv(65536)
        while b"}" not in answer:  # head and body may come apart
            answer += peer.recv(65536)

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"REQUEST_TIMED_OUT" in answer


def test_broken_chunked_encoding_is_a_bad_request(web_alone: Service) -> None:
    head = (
        "POST / HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\nConnection: close\n"
        "Content-Type: multipart/form-data; boundary=b\n\n"
    )

    answer = raw_exchange(web_alone, head, iter([b"zz\r\nnonsense\r\n"]))

    assert answer.startswith(b"HTTP/1.1 400")


def test_absent_aws_is_503_and_ready_names_it(
    own_localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = own_localstack.settings(**own_names(), **settings_of())
    provision(settings)
    web = WebProcess(settings, tmp_path_factory.mktemp("no-aws") / "web.log").started()
    service = Service(settings=settings, web=web, worker=None, counts=Counts(settings))
    try:
        assert requests.get(f"{web.address}/ready", timeout=30).json()["status"] == "ready"
        own_localstack.stop()

        refused = service.upload(made_photo())
        wait_until(
            lambda: requests.get(f"{web.address}/ready", timeout=60).status_code != 200,
            what="the end of what was known a second ago",
        )
        ready = requests.get(f"{web.address}/ready", timeout=60)
        health = requests.get(f"{web.address}/health", timeout=30)
    finally:
        web.stop()

    assert refused.status_code == 503
    assert refused.json()["code"] == "STORAGE_UNAVAILABLE"
    assert int(refused.headers["Retry-After"]) > 0
    assert ready.status_code == 503
    assert settings.s3_in_bucket in ready.json()["error"]
    assert settings.sqs_req_queue_name in ready.json()["error"]
    assert health.status_code == 200
