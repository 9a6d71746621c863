"""Fixtures for all tiers."""

import io
import json
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from core.host.environment import GIVEN_EMPTY, settle_environment
from core.host.logs import configure_logs
from core.settings import Settings
from harness.localstack import LocalStack
from tests.support.backends import (
    IN_HASTE,
    Backends,
    aws_backends,
    home_backends,
    home_settings,
    memory_backends,
    own_names,
)
from tests.support.missing import missing
from tests.support.models import models_dir
from tests.support.photos import ROOT
from tests.support.ray_cluster import LocalRay
from tests.support.services.redis_server import RedisServer, require_redis_server

# A busy machine makes an example slow, and that is no failure.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


def pytest_configure() -> None:
    """Let tests interrupt their children, which a shell's background job would not; prepare Ray."""
    settle_environment()  # no proxy is asked for what the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["RAY_AUTH_MODE"] = "token"  # noqa: TID251 - Ray reads it when it is imported


FIRST = "tests/e2e/"
"""What takes longest runs first with pytest-xdist."""
WAITS = ("tests/integration/", "tests/contract/")
"""Tiers that wait more than they compute: the unit tests run between them, and use that time."""
TOGETHER = (
    (
        "tests/e2e/test_api_document.py",
        "tests/e2e/test_generated_client.py",
        "tests/e2e/test_main_job.py",
    ),
    ("tests/e2e/page/",),
    ("tests/e2e/test_bad_input.py", "tests/e2e/test_connections.py"),
    ("tests/integration/executors/",),
    ("tests/integration/terraform/",),
    ("tests/integration/aws/test_rights.py",),
    ("tests/integration/test_wheel.py",),
)
"""Rows of files whose tests share what is slow to start."""
APART = (
    "tests/contract/test_forgetting.py",
    "tests/contract/test_outcomes.py",
    "tests/e2e/",
    "tests/integration/",
)
"""Other files whose tests share nothing, and may run at the same time."""


def unit_of(nodeid: str) -> str:
    """Return what one process runs as a whole: a row, a file or a test apart."""
    for row in TOGETHER:
        if nodeid.startswith(row):
            return row[0]
    return nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]


def order_of(nodeids: Sequence[str]) -> list[str]:
    """Return the tests with those that take longest first, then waiting and computing in turns."""
    first = [each for each in nodeids if each.startswith(FIRST)]
    waiting = [each for tier in WAITS for each in nodeids if each.startswith(tier)]
    computing = [each for each in nodeids if not each.startswith((FIRST, *WAITS))]
    places: dict[str, float] = {}
    for part in (waiting, computing):
        units = list(dict.fromkeys(map(unit_of, part)))
        places |= {unit: number / len(units) for number, unit in enumerate(units)}
    return first + sorted(waiting + computing, key=lambda each: places[unit_of(each)])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests in order, in each process of pytest-xdist."""
    if hasattr(config, "workerinput"):
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[nodeid] for nodeid in order_of(list(by_id))]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Give one process all tests of a row or a file, and any process the next of those apart.

    ``--dist loadgroup`` would do it, but does nothing with pytest 9.2 (pytest-xdist 1386).
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # files of many short tests would come first
    scheduler: object = LoadScopeScheduling(config, log)
    vars(scheduler)["_split_scope"] = unit_of
    return scheduler


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the models in place before any process of pytest-xdist runs a test.

    All of them collect first. None may replace the models later, when the services
    that another has started read them.
    """
    if hasattr(session.config, "workerinput"):
        models_dir()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of the developer's shell out of the tests; .env is kept out by each."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv(GIVEN_EMPTY, raising=False)


def require_localstack() -> None:
    """Skip without LocalStack on a developer's machine; fail in CI."""
    if not (ROOT / ".venv-localstack" / "bin" / "python").exists():
        missing("LocalStack is not installed: run 'make install'")


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return the LocalStack that a process's tests share, each with names of its own."""
    require_localstack()
    running = LocalStack(tmp_path_factory.mktemp("localstack")).start()
    yield running
    running.stop()


@pytest.fixture
def own_localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a LocalStack that the test may stop."""
    require_localstack()
    running = LocalStack(tmp_path_factory.mktemp("own-localstack")).start()
    yield running
    running.stop()


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Return a Redis that the test may stop."""
    require_redis_server()
    running = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """Return the address of a Ray cluster that a process's tests share."""
    running = LocalRay().start()
    yield running.address
    running.stop()


@pytest.fixture(params=["memory", "home", "localstack"])
def backends(request: pytest.FixtureRequest, tmp_path: Path) -> Backends:
    """Return empty queues and buckets: in memory, in a folder, and on LocalStack."""
    if request.param == "memory":
        return memory_backends()
    if request.param == "home":
        return home_backends(home_settings(tmp_path / "home", **IN_HASTE))
    running: LocalStack = request.getfixturevalue("localstack")
    return aws_backends(running.settings(**IN_HASTE, **own_names()))


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return the lines that this process has logged since the test began, as its daemons log."""
    root, text = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []  # what pytest put there is not to be closed
    configure_logs("INFO")
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(text)
    yield lambda: [json.loads(line) for line in text.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
