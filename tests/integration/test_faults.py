"""The faults of a chaos run are real."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.faults import small_tmp
from harness.faults.http_proxy import HttpProxy, Refusal
from harness.faults.tcp_proxy import TcpProxy
from harness.localstack import free_port
from harness.waiting import wait_until

WRITES = """
import sys, tempfile
for _ in sys.stdin:
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(10_000))
        print("written", flush=True)
    except OSError:
        print("full", flush=True)
"""


@pytest.fixture
def server() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}"), what="the server")
    yield port
    process.kill()
    process.wait()


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


def test_proxy_passes_on_refuses_and_delays(server: int) -> None:
    with TcpProxy(server, free_port()) as proxy:
        assert answers(proxy.address)

        proxy.refuse(True)
        assert not answers(proxy.address)

        proxy.refuse(False)
        proxy.delay(0.2)
        slow = requests.get(proxy.address, timeout=5)

    assert slow.elapsed.total_seconds() >= 0.4


def test_proxy_cuts_what_is_under_way(server: int) -> None:
    with TcpProxy(server, free_port()) as proxy:
        proxy.delay(30)
        request = subprocess.Popen(["curl", "--silent", "--fail", proxy.address])
        wait_until(lambda: proxy.connections, what="the connection")

        proxy.cut()

        assert request.wait(timeout=10) != 0


def test_process_with_a_small_folder_finds_it_full(tmp_path: Path) -> None:
    if not small_tmp.is_possible():
        pytest.skip("this machine lets no process have a mount of its own")
    command = [*small_tmp.prefix(tmp_path), sys.executable, "-c", WRITES]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def asked() -> str:
            print(file=process.stdin, flush=True)
            return process.stdout.readline().strip() if process.stdout else ""

        said = [asked()]
        small_tmp.fill(process.pid, tmp_path)
        said.append(asked())
        small_tmp.empty(process.pid, tmp_path)
        said.append(asked())
        process.stdin.close()

    assert said == ["written", "full", "written"]
    assert list(tmp_path.iterdir()) == []


def test_proxy_refuses_what_it_is_told_to(server: int) -> None:
    with HttpProxy(server, free_port()) as proxy, requests.Session() as session:
        proxy.refuse(Refusal(what="^GET /secret", status=503, code="SlowDown"))

        statuses = [session.get(proxy.address + path, timeout=5) for path in ("/", "/secret", "/")]

        assert [answer.status_code for answer in statuses] == [200, 503, 200]
        assert "<Code>SlowDown</Code>" in statuses[1].text
        proxy.refuse()
        assert session.get(f"{proxy.address}/secret", timeout=5).status_code == 404
        assert dict(proxy.refused) == {"^GET /secret": 1}


def test_part_of_the_keys_is_always_the_same() -> None:
    refusal = Refusal(what="^GET /bucket/", one_in=3)
    keys = [f"GET /bucket/{number}" for number in range(300)]

    refused = [key for key in keys if refusal.matches(key)]

    assert 50 < len(refused) < 150
    assert refused == [key for key in keys if refusal.matches(key)]
