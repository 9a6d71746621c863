"""Clients that hold connections, send half a request or leave a body unread."""

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import psutil
import pytest
import requests

from core.aws.provisioning import provision
from harness.localstack import LocalStack
from harness.processes import WebProcess
from harness.waiting import wait_until
from tests.e2e.conftest import Service
from tests.support.backends import own_names
from tests.support.photos import made_photo
from tests.support.service import settings_of

HALF_A_HEADER = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
PATIENCE_S = 60
"""Far beyond what an answer takes, and below what held threads would take."""


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Let this process hold as many connections as the tests open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def connections(web: WebProcess, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Yield connections to the web tier on which no more is sent."""
    host, port = web.address.removeprefix("http://").split(":")
    with ExitStack() as opened:
        held = []
        for _ in range(count):
            client = opened.enter_context(socket.create_connection((host, int(port)), 10))
            client.sendall(sent)
            held.append(client)
        yield held


def processes(web: WebProcess) -> set[int]:
    return {child.pid for child in psutil.Process(web.pid).children()}


def test_idle_and_half_sent_connections_hold_nobody_up(web_alone: Service) -> None:
    with (
        connections(web_alone.web, 1000),
        connections(web_alone.web, 200, HALF_A_HEADER),
    ):
        health = requests.get(f"{web_alone.address}/health", timeout=PATIENCE_S)
        upload = web_alone.upload(made_photo(), Prefer="respond-async")

    assert health.status_code == 200
    assert upload.status_code == 202


BODY = (
    b'--b\r\nContent-Disposition: form-data; name="inputFile"; filename="a.jpg"\r\n\r\n'
    + made_photo()
    + b"\r\n--b--\r\n"
)
FORM = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nPrefer: respond-async\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n"
)


@contextmanager
def dripping(clients: list[socket.socket]) -> Iterator[None]:
    """Send a byte on each connection all the time."""
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.5):
            for client in clients:
                with suppress(OSError):
                    client.send(b"1")

    dripper = threading.Thread(target=drip)
    dripper.start()
    try:
        yield
    finally:
        over.set()
        dripper.join()


@pytest.mark.parametrize(
    "sent",
    [
        FORM + b"Content-Length: 500000\r\n\r\n--b\r\n",
        FORM + b"Transfer-Encoding: chunked\r\n\r\n7a120\r\n--b\r\n",
        FORM + b"Content-Length: 500000\r\nExpect: 100-continue\r\n\r\n",
    ],
    ids=["length", "chunked", "expecting"],
)
def test_slow_bodies_hold_nobody_up(web_alone: Service, sent: bytes) -> None:
    with connections(web_alone.web, 200, sent) as clients, dripping(clients):
        health = requests.get(f"{web_alone.address}/health", timeout=PATIENCE_S)
        upload = web_alone.upload(made_photo(), Prefer="respond-async")

    assert health.status_code == 200
    assert upload.status_code == 202


LARGE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""Its answer has over a megabyte, and several fill what the kernel keeps of a connection."""


def test_answers_that_nobody_reads_hold_nobody_up(web_alone: Service) -> None:
    with connections(web_alone.web, 200, 8 * LARGE):
        for _ in range(20):
            assert requests.get(f"{web_alone.address}/health", timeout=10).ok
        upload = web_alone.upload(made_photo(), Prefer="respond-async")

    assert upload.status_code == 202


def test_answers_that_are_read_late_are_whole(web_alone: Service) -> None:
    page = requests.get(f"{web_alone.address}/docs/swagger-ui-bundle.js", timeout=PATIENCE_S)
    with connections(web_alone.web, 1, 7 * LARGE + HALF_A_HEADER + b"\r\n") as [client]:
        client.settimeout(PATIENCE_S)
        received = client.recv(100)
        for _ in range(5):  # meanwhile the service answers others
            assert requests.get(f"{web_alone.address}/health", timeout=PATIENCE_S).ok
        while not received.endswith(b'{"status":"ok"}\n'):
            more = client.recv(1_000_000)
            assert more, received[-100:]
            received += more

    assert received.count(page.content) == 7


def test_client_that_reads_nothing_is_given_up(web_alone: Service) -> None:
    page = requests.get(f"{web_alone.address}/docs/swagger-ui-bundle.js", timeout=PATIENCE_S)
    received = b""
    with connections(web_alone.web, 1, 8 * LARGE) as [client]:
        wait_until(lambda: is_held(web_alone.web, client), what="the connection to be taken")
        wait_until(
            lambda: not is_held(web_alone.web, client),
            seconds=PATIENCE_S,
            what="the service to give the client up",
        )
        client.settimeout(PATIENCE_S)
        with suppress(ConnectionResetError):
            while more := client.recv(1_000_000):
                received += more

    assert received.count(page.content) < 8
    assert web_alone.web.logged("answer was given up that its client did not read")


def test_more_half_bodies_than_fit_hold_nobody_up(web_alone: Service) -> None:
    sent = FORM + b"Content-Length: 1000000\r\n\r\n" + b"--b\r\n".ljust(950_000)
    with connections(web_alone.web, 80, sent):
        health = requests.get(f"{web_alone.address}/health", timeout=PATIENCE_S)
        upload = web_alone.upload(made_photo(), Prefer="respond-async")

    assert health.status_code == 200
    assert upload.status_code == 202


def test_body_that_comes_byte_by_byte_is_accepted(web_alone: Service) -> None:
    head = FORM + b"Content-Length: %d\r\n\r\n" % len(BODY)
    with connections(web_alone.web, 1) as [client]:
        client.settimeout(PATIENCE_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head + BODY:
            client.sendall(bytes([byte]))

        assert client.recv(100).startswith(b"HTTP/1.1 202 ")


def test_body_in_small_chunks_is_accepted_and_the_next_request_too(web_alone: Service) -> None:
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part)
        for part in (BODY[at : at + 50] for at in range(0, len(BODY), 50))
    )
    head = FORM + b"Transfer-Encoding: chunked\r\n\r\n"
    sent = head + chunks + b"0\r\n\r\n"
    with connections(web_alone.web, 1, sent[:-5]) as [client]:
        client.settimeout(PATIENCE_S)
        client.sendall(sent[-5:] + HALF_A_HEADER + b"\r\n")
        answers = b""
        while b"HTTP/1.1 200 " not in answers:
            received = client.recv(10_000)
            assert received, answers
            answers += received

    assert answers.startswith(b"HTTP/1.1 202 ")


def test_client_that_waits_to_be_asked_is_asked_once(web_alone: Service) -> None:
    head = FORM + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    with connections(web_alone.web, 1, head) as [client]:
        client.settimeout(PATIENCE_S)
        asked = client.recv(1000)
        client.sendall(BODY)
        answer = client.recv(1000)

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 202 ")


def test_client_that_waits_to_be_asked_for_too_much_is_refused(web_alone: Service) -> None:
    head = FORM + b"Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n"
    with connections(web_alone.web, 1, head) as [client]:
        client.settimeout(PATIENCE_S)
        answer = b""
        while b"FILE_TOO_LARGE" not in answer:
            received = client.recv(1000)
            assert received, answer
            answer += received


def test_end_waits_for_a_body_that_arrives(localstack: LocalStack, tmp_path: Path) -> None:
    settings = localstack.settings(**own_names(), **settings_of(max_wait_seconds=1))
    provision(settings)
    web = WebProcess(settings, tmp_path / "web.log").started()

    with connections(web, 1, FORM + b"Content-Length: %d\r\n\r\n" % len(BODY)) as [client]:
        client.settimeout(PATIENCE_S)
        client.sendall(BODY[:10])
        wait_until(lambda: is_held(web, client), what="the connection to be taken")
        web.send(signal.SIGTERM)
        wait_until(lambda: not accepts(web), what="the web tier to accept nobody")
        with pytest.raises(ConnectionRefusedError):  # else the next client waits until the end
            socket.create_connection(("127.0.0.1", settings.web_port), PATIENCE_S)
        client.sendall(BODY[10:])
        answer = client.recv(100)

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert web.wait() == 0


def is_held(web: WebProcess, client: socket.socket) -> bool:
    """Tell whether a process has taken the connection; one in the queue is closed at the end."""
    return any(
        held.raddr == client.getsockname()
        for child in psutil.Process(web.pid).children()
        for held in child.net_connections("tcp")
    )


def accepts(web: WebProcess) -> bool:
    try:
        return requests.get(f"{web.address}/health", timeout=5).ok
    except requests.RequestException:
        return False


def test_half_a_header_is_given_up_with_408(web_alone: Service) -> None:
    with connections(web_alone.web, 1, HALF_A_HEADER) as [client]:
        client.settimeout(PATIENCE_S)

        answer = client.recv(1000)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMED_OUT" in answer


def test_half_a_header_on_a_kept_connection_holds_no_thread(web_alone: Service) -> None:
    with connections(web_alone.web, 100, HALF_A_HEADER + b"\r\n" + HALF_A_HEADER) as clients:
        for client in clients:
            client.settimeout(PATIENCE_S)
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")

        assert requests.get(f"{web_alone.address}/health", timeout=PATIENCE_S).ok


def test_endless_header_is_refused(web_alone: Service) -> None:
    with connections(web_alone.web, 1, HALF_A_HEADER) as [client]:
        client.settimeout(PATIENCE_S)
        client.sendall(b"X-Filler: " + b"a" * 70_000)

        assert client.recv(100).startswith(b"HTTP/1.1 431 ")


def test_header_that_comes_byte_by_byte_is_answered(web_alone: Service) -> None:
    with connections(web_alone.web, 1) as [client]:
        client.settimeout(PATIENCE_S)
        for byte in HALF_A_HEADER + b"\r\n":
            client.sendall(bytes([byte]))

        assert client.recv(100).startswith(b"HTTP/1.1 200 ")


def test_bare_line_feeds_are_refused_at_once(web_alone: Service) -> None:
    with connections(web_alone.web, 1, b"GET /health HTTP/1.1\nHost: x\n\n") as [client]:
        client.settimeout(PATIENCE_S)

        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_second_request_in_the_same_packet_is_answered(web_alone: Service) -> None:
    with connections(web_alone.web, 1, 2 * (HALF_A_HEADER + b"\r\n")) as [client]:
        client.settimeout(PATIENCE_S)
        answers = b""
        while answers.count(b"HTTP/1.1 200 ") < 2:
            received = client.recv(10_000)
            assert received, answers
            answers += received


@pytest.mark.parametrize(
    ("path", "body", "kind", "code"),
    [
        ("/faces/detect", bytes(300_000), "image/jpeg", "UNSUPPORTED_MEDIA_TYPE"),
        ("/nowhere", bytes(300_000), "image/jpeg", "NOT_FOUND"),
        ("/health", bytes(300_000), "image/jpeg", "METHOD_NOT_ALLOWED"),
        ("/", b'{"a":"' + b"a" * 300_000 + b'"}', "application/json", "MISSING_FILE"),
    ],
)
def test_answer_that_leaves_the_body_unread_closes_the_connection(
    web_alone: Service, path: str, body: bytes, kind: str, code: str
) -> None:
    with requests.Session() as session:
        refused = session.post(
            web_alone.address + path, data=body, headers={"Content-Type": kind}, timeout=PATIENCE_S
        )
        next_one = session.get(f"{web_alone.address}/health", timeout=PATIENCE_S)

    assert refused.json()["code"] == code
    assert refused.headers["Connection"] == "close"
    assert next_one.status_code == 200


def test_answer_after_a_read_body_keeps_the_connection(web_alone: Service) -> None:
    with requests.Session() as session:
        answer = session.post(
            f"{web_alone.address}/", files={"inputFile": ("a.jpg", b"")}, timeout=PATIENCE_S
        )

    assert answer.json()["code"] == "EMPTY_FILE"
    assert answer.headers["Connection"] == "keep-alive"


def test_many_fields_close_the_connection(web_alone: Service) -> None:
    fields = [(f"field{number}", "x") for number in range(1100)]
    files = [(name, (None, value)) for name, value in fields]
    with requests.Session() as session:
        refused = session.post(f"{web_alone.address}/", files=files, timeout=PATIENCE_S)
        next_one = session.get(f"{web_alone.address}/health", timeout=PATIENCE_S)

    assert refused.status_code == 400
    assert refused.json()["code"] == "FORM_TOO_LARGE"
    assert next_one.status_code == 200


def test_web_tier_survives_more_connections_than_files(
    localstack: LocalStack, tmp_path: Path
) -> None:
    settings = localstack.settings(**own_names(), **settings_of())
    provision(settings)
    web = WebProcess(settings, tmp_path / "web.log", prefix=["prlimit", "--nofile=450:450"])
    try:
        web.started()
        before = processes(web)
        with connections(web, 600):
            health = requests.get(f"{web.address}/health", timeout=PATIENCE_S)
        after = processes(web)
    finally:
        web.stop()

    assert health.status_code == 200
    assert after == before


def test_idle_connections_do_not_delay_the_end(localstack: LocalStack, tmp_path: Path) -> None:
    settings = localstack.settings(**own_names(), **settings_of(max_wait_seconds=1))
    provision(settings)
    web = WebProcess(settings, tmp_path / "web.log").started()

    with connections(web, 5), connections(web, 5, HALF_A_HEADER):
        web.stop()  # kills what does not end within 20 s

    assert web.wait() == 0


def test_web_tier_starts_where_temporary_files_lie_deep(
    localstack: LocalStack, tmp_path: Path
) -> None:
    settings = localstack.settings(**own_names(), **settings_of())
    provision(settings)
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    web = WebProcess(settings, tmp_path / "web.log", prefix=["env", f"TMPDIR={deep}"])
    try:
        web.started()
        health = requests.get(f"{web.address}/health", timeout=PATIENCE_S)
    finally:
        web.stop()

    assert health.status_code == 200


def test_each_log_line_is_json_with_a_time_in_utc(localstack: LocalStack, tmp_path: Path) -> None:
    settings = localstack.settings(**own_names(), **settings_of())
    provision(settings)
    web = WebProcess(settings, tmp_path / "web.log")
    try:
        web.started()
        requests.get(f"{web.address}/nowhere", timeout=PATIENCE_S)
        wait_until(lambda: web.logged("/nowhere") or web.logged("404"), what="the request's line")
    finally:
        web.stop()

    records = [json.loads(line) for line in web.log.read_text().splitlines()]
    assert any(record["logger"] == "gunicorn.error" for record in records)
    assert all(record["time"].endswith("Z") for record in records)
    assert all(datetime.fromisoformat(record["time"]).tzinfo for record in records)


@pytest.mark.parametrize(
    "daemon",
    [
        "app-tier/backend.py",
        "app-tier/autoscaler.py",
        "-m efr_cli serve",
        "-m efr_cli worker",
        "-m efr_cli autoscaler",
    ],
)
def test_bad_setting_ends_a_daemon_with_2_and_a_json_line(daemon: str) -> None:
    done = subprocess.run(
        [sys.executable, *daemon.split()],
        env={"FACE_ENGINE": "guesswork", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 2
    [line] = done.stdout.splitlines()
    assert "FACE_ENGINE" in json.loads(line)["reason"]
    assert json.loads(line)["code"] == "INVALID_SETTINGS"


def test_redis_that_is_no_address_ends_the_web_tier_with_2_and_a_json_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "efr_cli", "serve"],
        env={"REDIS_URL": "http://:hidden@host", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 2
    [line] = done.stdout.splitlines()
    assert json.loads(line)["code"] == "INVALID_SETTINGS"
    assert "REDIS_URL" in json.loads(line)["reason"]
    assert "hidden" not in line
