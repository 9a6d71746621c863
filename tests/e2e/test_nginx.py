"""The web tier behind a real nginx, as ``deploy/nginx`` configures it."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Self

import psutil
import pytest
import requests
from efr_web.answer_headers import ALWAYS

from core.aws.provisioning import provision
from harness.localstack import LocalStack, free_port
from harness.processes import WebProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.nginx import NAME, Nginx, nginx_binary, running_nginx
from tests.support.photos import made_photo
from tests.support.service import Counts, settings_of

PATIENCE_S = 60
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
Front = Callable[..., Nginx]


class TwoWebs:
    """Two web processes on ports of their own, of one service without a worker."""

    def __init__(self, localstack: LocalStack, folder: Path) -> None:
        one = localstack.settings(**own_names(), **settings_of(max_file_mb=1, max_wait_seconds=1))
        two = one.model_copy(update={"web_port": free_port()})
        provision(one)
        self.counts = Counts(one)
        self.webs = [WebProcess(each, folder / f"web-{each.web_port}.log") for each in (one, two)]
        self.servers = [web.address.removeprefix("http://") for web in self.webs]

    def start(self) -> Self:
        for web in self.webs:
            web.started()
        return self

    def stop(self) -> None:
        for web in self.webs:
            web.stop()


@pytest.fixture(scope="module")
def webs(localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoWebs]:
    nginx_binary()
    two = TwoWebs(localstack, tmp_path_factory.mktemp("two-webs"))
    try:
        yield two.start()
    finally:
        two.stop()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """Return what starts nginx in front of servers."""
    with ExitStack() as running:
        yield lambda *servers, **options: running.enter_context(
            running_nginx(tmp_path, servers, **options)
        )


@pytest.fixture
def nginx(front: Front, webs: TwoWebs) -> Nginx:
    return front(*webs.servers)


def upload(nginx: Nginx, photo: bytes | None = None, **headers: str) -> requests.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(
        f"{nginx.address}/",
        files={"inputFile": ("photo.jpg", photo or made_photo())},
        headers={"Prefer": "respond-async", **given},
        verify=nginx.certificate,
        timeout=PATIENCE_S,
    )


def get(nginx: Nginx, path: str, **headers: str) -> requests.Response:
    return requests.get(
        nginx.address + path, headers=headers, verify=nginx.certificate, timeout=PATIENCE_S
    )


def connected(
    nginx: Nginx, context: ssl.SSLContext | None = None, name: str = NAME
) -> ssl.SSLSocket:
    context = context or ssl.create_default_context(cafile=nginx.certificate)
    plain = socket.create_connection(("127.0.0.1", nginx.port), PATIENCE_S)
    return context.wrap_socket(plain, server_hostname=name)


def said(nginx: Nginx, sent: bytes) -> bytes:
    """Return all that nginx says to these bytes."""
    with connected(nginx) as client:
        client.sendall(sent)
        answer = b""
        with suppress(OSError):
            while received := client.recv(65536):
                answer += received
        return answer


def assert_own_error(answer: requests.Response, status: int, code: str) -> None:
    """Check an answer of nginx's own: it looks like the service's."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert ALWAYS.items() <= answer.headers.items()
    told = answer.json()
    assert told["code"] == code
    assert set(told) == {"error", "code", "retryable", "request_id"}
    assert told["request_id"] == answer.headers["X-Request-ID"]


class FakeWeb(AbstractContextManager["FakeWeb"]):
    """A web process that reads each request and answers as it is told, or dies before."""

    def __init__(self, answer: bytes = b"") -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]} max_fails=0"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                self.requests.append(_whole_request(client))
                client.sendall(self._answer)


def _whole_request(client: socket.socket) -> bytes:
    received = b""
    while not (found := re.match(rb"(?s)(.*?)\r\n\r\n(.*)", received)):
        received += client.recv(65536)
    length = re.search(rb"(?i)content-length: (\d+)", found[1])
    missing = int(length[1]) - len(found[2]) if length else 0
    while missing > 0:
        more = client.recv(65536)
        received += more
        missing -= len(more)
    return received


def test_upload_is_answered_with_the_headers_of_both(nginx: Nginx) -> None:
    answer = upload(nginx)

    assert answer.status_code == 202
    assert ALWAYS.items() <= answer.headers.items()  # "a, a" if one came twice
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert answer.headers["Server"] == "nginx"
    assert get(nginx, f"/job/{answer.json()['job_id']}").status_code in (200, 202, 404)


def test_plain_http_leads_to_tls_and_is_answered_for_health(nginx: Nginx) -> None:
    plain = f"http://{NAME}:{nginx.plain_port}"

    moved = requests.get(f"{plain}/collections?a=1", allow_redirects=False, timeout=PATIENCE_S)
    health = requests.get(f"{plain}/health", allow_redirects=False, timeout=PATIENCE_S)

    assert moved.status_code == 301
    assert moved.headers["Location"] == f"https://{NAME}/collections?a=1"
    assert health.json() == {"status": "ok"}


def test_hundred_uploads_at_once_are_accepted_once_each(nginx: Nginx, webs: TwoWebs) -> None:
    before = webs.counts.left()

    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(lambda _: upload(nginx), range(100)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["job_id"] for answer in answers}) == 100
    assert webs.counts.left() == before + 2 * 100  # a message and a photo each


def test_slow_clients_hold_nobody_up(nginx: Nginx) -> None:
    begun = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    )
    with ExitStack() as opened:
        clients = [opened.enter_context(connected(nginx)) for _ in range(200)]
        for client in clients:
            client.sendall(begun)
        health = get(nginx, "/health")
        accepted = upload(nginx)
        for client in clients:
            client.sendall(b"x")  # they are all there still

    assert health.status_code == 200
    assert accepted.status_code == 202


def test_body_over_the_limit_is_refused_like_by_the_service(nginx: Nginx) -> None:
    at_nginx = upload(nginx, bytes(5_000_000))
    at_the_service = upload(nginx, bytes(2_000_000))

    assert_own_error(at_nginx, 400, "FILE_TOO_LARGE")
    assert at_the_service.status_code == 400
    assert at_the_service.json()["code"] == "FILE_TOO_LARGE"


def test_body_over_the_limit_is_refused_over_http_2_too(nginx: Nginx) -> None:
    fields = {":method": "POST", ":scheme": "https", ":authority": NAME, ":path": "/"}
    head = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in {**fields, "content-length": "5000000"}.items()
    )
    settings, headers = b"\0\0\0\4\0\0\0\0\0", bytes([0, 0, len(head), 1, 4, 0, 0, 0, 1])
    context = ssl.create_default_context(cafile=nginx.certificate)
    context.set_alpn_protocols(["h2"])
    with connected(nginx, context) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + headers + head)
        answer = b""
        while not re.search(rb"request_id|</html>", answer):
            answer += client.recv(65536)

    assert b'"code":"FILE_TOO_LARGE"' in answer


def test_endless_body_is_refused(nginx: Nginx) -> None:
    head = CHUNKED + b"\r\n"
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"

    assert b"FILE_TOO_LARGE" in said(nginx, head + 5 * chunk)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GARBAGE\r\n\r\n", b"BAD_REQUEST"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", b"BAD_REQUEST"),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
            b"REQUEST_HEADER_FIELDS_TOO_LARGE",
        ),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"REQUEST_URI_TOO_LONG"),
        (
            b"GET /efr-error/bad HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"NOT_FOUND",
        ),
        (CHUNKED.replace(b"chunked", b"xchunked") + b"\r\n", b"NOT_IMPLEMENTED"),
        (CHUNKED + b"Content-Length: 6\r\n\r\n0\r\n\r\nG", b"BAD_REQUEST"),
        (CHUNKED.replace(b"1.1", b"1.0") + b"\r\n0\r\n\r\n", b"BAD_REQUEST"),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"METHOD_NOT_ALLOWED"),
    ],
)
def test_what_is_no_request_is_refused_in_the_form_of_the_service(
    nginx: Nginx, sent: bytes, code: bytes
) -> None:
    answer = said(nginx, sent)

    assert b'"code":"' + code + b'"' in answer
    assert b"X-Content-Type-Options: nosniff" in answer


def test_http_without_tls_is_refused_in_the_form_of_the_service(nginx: Nginx) -> None:
    plain = f"http://{NAME}:{nginx.port}/collections"

    refused = requests.get(plain, timeout=PATIENCE_S)

    assert_own_error(refused, 400, "BAD_REQUEST")
    with pytest.raises(requests.ConnectionError):
        requests.get(plain, headers={"Host": "evil.example"}, timeout=PATIENCE_S)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /index.html\r\n\r\n",
    ],
)
def test_other_names_get_no_answer(nginx: Nginx, sent: bytes) -> None:
    assert said(nginx, sent) == b""


def test_other_names_get_no_certificate(nginx: Nginx) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        connected(nginx, name="evil.example")


@pytest.mark.parametrize(
    ("version", "is_spoken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_of_tls_are_not_spoken(
    nginx: Nginx, version: ssl.TLSVersion, is_spoken: bool
) -> None:
    context = ssl.create_default_context(cafile=nginx.certificate)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version

    if is_spoken:
        connected(nginx, context).close()
    else:
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
            connected(nginx, context)


def test_one_address_asks_only_so_often(front: Front, webs: TwoWebs) -> None:
    nginx = front(*webs.servers, rate="1r/m", burst=2)

    answers = [get(nginx, "/collections") for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]

    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert len(refused) == 3
    assert_own_error(refused[0], 429, "RATE_LIMITED")
    assert refused[0].headers["Retry-After"] == "1"
    assert upload(nginx, Idempotency_Key="a").status_code == 429
    assert get(nginx, "/health").status_code == 200


def test_upload_that_a_dying_process_took_is_not_sent_again(front: Front, webs: TwoWebs) -> None:
    before = webs.counts.left()
    with FakeWeb() as dying:
        nginx = front(dying.server, f"{webs.servers[0]} max_fails=0")
        answers = [upload(nginx) for _ in range(6)]

    lost = [answer for answer in answers if answer.status_code != 202]
    assert len(lost) == len(dying.requests) > 0
    assert webs.counts.left() == before + 2 * (6 - len(lost))
    assert_own_error(lost[0], 503, "SERVICE_UNAVAILABLE")
    assert lost[0].headers["Retry-After"] == "5"


def test_upload_with_a_key_is_sent_again(front: Front, webs: TwoWebs) -> None:
    with FakeWeb() as dying:
        nginx = front(dying.server, f"{webs.servers[0]} max_fails=0")
        answers = [upload(nginx, Idempotency_Key=f"try-{number}") for number in range(4)]
        lists = [get(nginx, "/collections") for _ in range(4)]

    assert {answer.status_code for answer in answers} == {202}
    assert {answer.status_code for answer in lists} == {200}
    assert any(each.startswith(b"POST") for each in dying.requests)
    assert any(each.startswith(b"GET") for each in dying.requests)


def test_killed_process_costs_no_later_upload(
    front: Front, localstack: LocalStack, tmp_path: Path
) -> None:
    nginx_binary()
    two = TwoWebs(localstack, tmp_path)
    try:
        nginx = front(*two.start().servers)
        first = [upload(nginx).status_code for _ in range(4)]
        parent = psutil.Process(two.webs[0].pid)
        killed = [parent, *parent.children(recursive=True)]
        for process in killed:
            process.kill()
        two.webs[0].wait()
        psutil.wait_procs(killed)
        later = [upload(nginx).status_code for _ in range(6)]
    finally:
        two.stop()

    assert set(first + later) == {202}


def test_all_away_is_503(front: Front) -> None:
    answer = get(front(f"127.0.0.1:{free_port()}"), "/collections")

    assert_own_error(answer, 503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "5"


def test_service_learns_the_real_address_and_host(front: Front) -> None:
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Request-ID: x\r\n\r\n"
    made_up = {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Forwarded-Proto": "no"}
    with FakeWeb(ok) as web:
        nginx = front(web.server)
        get(nginx, "/collections", **made_up, **{"X-Forwarded-Host": "evil", "SCRIPT_NAME": "/x"})
        get(nginx, "/collections", **{"X-Request-ID": 'evil"'})

    head = web.requests[0].decode()
    assert "X-Forwarded-For: 127.0.0.1\r\n" in head
    assert "X-Forwarded-Proto: https\r\n" in head
    assert f"Host: {NAME}:{nginx.port}\r\n" in head
    assert re.search(r"X-Request-ID: [0-9a-f]{32}\r\n", head)
    assert not re.search(r"(?i)6\.6\.6\.6|evil|script.name", head)
    assert b"evil" not in web.requests[1]


def test_log_tells_neither_names_nor_queries(front: Front, webs: TwoWebs) -> None:
    nginx = front(*webs.servers, f"127.0.0.1:{free_port()} max_fails=0", rate="1r/m", burst=6)
    path = "/collections/staff/persons/Ada%20Lovelace?token=secret"

    for _ in range(9):
        get(nginx, path)
    said(nginx, f"GET {path} HTTP/1.1\r\n\r\n".encode())
    wait_until(lambda: nginx.logged().count('"status":"429"') >= 2, what="the refusals' lines")

    logged = nginx.logged()
    lines = [json.loads(line) for line in (nginx.folder / "efr.log").read_text().splitlines()]
    assert not re.search("(?i)lovelace|secret|persons|staff", logged)
    assert {(line["method"], line["part"]) for line in lines} == {("GET", "/collections")}
    assert all(line["request_id"] and line["address"] == "127.0.0.1" for line in lines)
