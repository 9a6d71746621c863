"""Which ties a worker has, by its settings."""

from typing import Any

import pytest

from core.bootstrap.host import Host
from core.bootstrap.worker import build_worker
from core.settings import Settings
from core.testing import ScriptedRecognizer
from tests.support.infrastructure import MemoryInfrastructure

METADATA = {"ec2_metadata_url": "http://127.0.0.1:1"}
AGENT = {"ecs_agent_uri": "http://127.0.0.1:1/api/1"}


def host_of(**changes: Any) -> Host:
    settings = Settings(_env_file=None, worker_processes=1, **changes)
    memory = MemoryInfrastructure(settings=settings, recognizer=ScriptedRecognizer())
    return build_worker(settings, memory.joined()).host


@pytest.mark.parametrize(
    ("changes", "watched", "protected"),
    [
        ({}, False, False),
        ({"asg_name": "workers"}, False, False),
        (METADATA, True, False),
        (METADATA | {"asg_name": "workers"}, True, True),
        (AGENT, False, True),
    ],
)
def test_worker_is_tied_to_what_the_settings_name(
    changes: dict[str, Any], watched: bool, protected: bool
) -> None:
    host = host_of(**changes)

    assert (host.notices is not None, host.protection is not None) == (watched, protected)


def test_machine_without_ties_is_clear_and_silent(caplog: pytest.LogCaptureFixture) -> None:
    host = host_of()

    assert host.is_clear()
    for step in (host.start, host.stop, host.close):
        step()

    assert caplog.records == []
