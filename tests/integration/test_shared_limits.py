"""A web tier of two processes that count together in a real Redis, which comes and goes."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from core.aws.provisioning import provision
from harness.localstack import LocalStack
from harness.processes import WebProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.service import settings_of
from tests.support.services.redis_server import RedisServer

CLIENTS = 4
A_SECOND = 10
LOAD_S = 3.0
AWAY = "limits are each process's own"
BACK = "limits are shared again"


@pytest.fixture
def web(localstack: LocalStack, redis_server: RedisServer, tmp_path: Path) -> Iterator[WebProcess]:
    settings = localstack.settings(
        **own_names(),
        **settings_of(
            web_processes=2,
            redis_url=redis_server.url,
            rate_limit_reads_per_address=f"{A_SECOND}/second",
        ),
    )
    provision(settings)
    web = WebProcess(settings, tmp_path / "web.log")
    try:
        yield web.started()
    finally:
        web.stop()


def load(web: WebProcess, seconds: float) -> tuple[Counter[int], float]:
    """Ask as fast as the clients can; return the statuses, and how long it took."""
    begun_s = time.monotonic()

    def ask(_client: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        while time.monotonic() < begun_s + seconds:
            # A connection each, so that both processes are asked.
            statuses[requests.get(f"{web.address}/status/none", timeout=10).status_code] += 1
        return statuses

    with ThreadPoolExecutor(CLIENTS) as clients:
        statuses = sum(clients.map(ask, range(CLIENTS)), Counter())
    return statuses, time.monotonic() - begun_s


def assert_exact(web: WebProcess, seconds: float) -> None:
    statuses, took_s = load(web, seconds)
    assert set(statuses) == {404, 429}
    assert A_SECOND * seconds <= statuses[404] <= A_SECOND * (1 + took_s)


def limits(web: WebProcess) -> str:
    answer = requests.get(f"{web.address}/ready", timeout=10)
    assert answer.status_code == 200
    return str(answer.json()["limits"])


def is_back(web: WebProcess, *, times: int) -> bool:
    limits(web)  # a process looks when it is asked
    return web.log.read_text().count(BACK) == times


def test_two_processes_keep_one_limit_and_go_on_while_redis_is_away(
    web: WebProcess, redis_server: RedisServer
) -> None:
    wait_until(lambda: requests.get(f"{web.address}/ready", timeout=10).ok, what="readiness")
    assert limits(web) == "shared"
    assert_exact(web, LOAD_S)

    redis_server.stop()
    statuses, took_s = load(web, LOAD_S)
    assert set(statuses) == {404, 429}
    assert A_SECOND * LOAD_S <= statuses[404] <= 2 * A_SECOND * (1 + took_s) + A_SECOND
    wait_until(lambda: limits(web) == "away", what="/ready to say so")
    assert web.log.read_text().count(AWAY) == 2

    redis_server.start()
    wait_until(lambda: is_back(web, times=2), what="both processes to see Redis")
    assert limits(web) == "shared"
    assert_exact(web, LOAD_S)

    redis_server.pause()
    statuses, _ = load(web, LOAD_S)
    assert set(statuses) == {404, 429}
    assert web.log.read_text().count(AWAY) == 4
    redis_server.resume()
    assert "Traceback" not in web.log.read_text()
