"""What is no request, or hardly one: refused in the form of all answers, repeated nowhere."""

import json
import re
import socket

import pytest
from efr_web.answer_headers import ALWAYS

from harness.waiting import wait_until
from tests.e2e.conftest import Service

GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"


def exchanged(service: Service, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes and return status, headers and body of the answer."""
    address = ("127.0.0.1", service.settings.web_port)
    with socket.create_connection(address, timeout=40) as client:
        client.sendall(sent)
        received = b""
        while not (found := re.match(rb"(?s)(.*?)\r\n\r\n(.*)", received)) or len(
            found[2]
        ) < length_in(found[1]):
            more = client.recv(65536)
            assert more, received
            received += more
    lines = found[1].decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, found[2]


def length_in(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    assert found, head
    return int(found[1])


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /health\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n", 400, "BAD_REQUEST"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "BAD_REQUEST"),
        (b"get /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "BAD_REQUEST"),
        (GET + b"Host: evil.example\r\n\r\n", 400, "BAD_REQUEST"),
        (GET + b"X: a\r\n b\r\n\r\n", 400, "BAD_REQUEST"),
        (GET + b"X : a\r\n\r\n", 400, "BAD_REQUEST"),
        (GET + b"X: a\x00b\r\n\r\n", 400, "BAD_REQUEST"),
        (GET + b"X: a\n\r\n", 400, "BAD_REQUEST"),
        (POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400, "BAD_REQUEST"),
        (POST + b"Content-Length: +4\r\n\r\nabcd", 400, "BAD_REQUEST"),
        (CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n", 400, "BAD_REQUEST"),
        (CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "BAD_REQUEST"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400, "BAD_REQUEST"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "NOT_IMPLEMENTED"),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n", 501, "NOT_IMPLEMENTED"),
        (POST + b"Expect: magic\r\nContent-Length: 0\r\n\r\n", 417, "EXPECTATION_FAILED"),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", 414, "REQUEST_URI_TOO_LONG"),
        (GET + b"X: 1\r\n" * 100 + b"\r\n", 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
        (GET + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
        (GET + b"X: " + b"a" * 90_000, 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
        (b"GET /ready HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "HOST_NOT_TRUSTED"),
        (b"GET /ready HTTP/1.0\r\n\r\n", 403, "HOST_NOT_TRUSTED"),
        (b"GET /ready HTTP/1.1\r\nHost: [\r\n\r\n", 403, "HOST_NOT_TRUSTED"),
        (b"GET /ready HTTP/1.1\r\nHost: localhost@evil\r\n\r\n", 403, "HOST_NOT_TRUSTED"),
        (POST + b"Origin: http://[\r\nContent-Length: 0\r\n\r\n", 403, "FOREIGN_ORIGIN"),
        (
            POST + b"Origin: http://localhost\r\nOrigin: http://evil\r\nContent-Length: 0\r\n\r\n",
            403,
            "FOREIGN_ORIGIN",
        ),
        (b"CONNECT evil:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "NOT_FOUND"),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "NOT_FOUND"),
        (GET.replace(b"GET", b"TRACE") + b"\r\n", 405, "METHOD_NOT_ALLOWED"),
        (
            GET.replace(b"GET", b"POST") + b"X-HTTP-Method-Override: GET\r\n\r\n",
            405,
            "METHOD_NOT_ALLOWED",
        ),
        # Servers behind some proxies take a prefix of the path from such headers.
        (GET.replace(b"/health", b"/x/health") + b"SCRIPT_NAME: /x\r\n\r\n", 404, "NOT_FOUND"),
        (GET.replace(b"/health", b"/nowhere") + b"PATH_INFO: /health\r\n\r\n", 404, "NOT_FOUND"),
        (GET.replace(b"/health", b"//evil.example/%2e%2e") + b"\r\n", 404, "NOT_FOUND"),
    ],
)
def test_odd_request_is_refused_like_any_other(
    web_alone: Service, sent: bytes, status: int, code: str
) -> None:
    answered, headers, body = exchanged(web_alone, sent)

    assert answered == status
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-ID"]
    assert ALWAYS.items() <= headers.items()
    assert "Server" not in headers
    told = json.loads(body)
    assert told["code"] == code
    assert set(told) == {"error", "code", "retryable", "request_id"}
    assert told["request_id"] == headers["X-Request-ID"]
    assert "evil" not in told["error"]


def test_good_answer_names_no_server(web_alone: Service) -> None:
    status, headers, _ = exchanged(web_alone, GET + b"\r\n")

    assert status == 200
    assert "Server" not in headers
    assert ALWAYS.items() <= headers.items()


def test_log_does_not_repeat_what_was_refused(web_alone: Service) -> None:
    path = b"/collections/staff/persons/Ada Lovelace"

    _, headers, _ = exchanged(web_alone, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")

    wait_until(lambda: web_alone.web.logged(headers["X-Request-ID"]), what="the refusal's line")
    assert not web_alone.web.logged("Lovelace")
