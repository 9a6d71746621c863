"""Which ties a worker has, by its settings."""

from typing import Any

import pytest

from core.bootstrap.host import build_host
from core.settings import Settings
from tests.support.recognizers import ObedientRecognizer
from tests.support.workers import join_worker
from tests.support.worlds import memory_world

METADATA = {"ec2_metadata_url": "http://127.0.0.1:1"}
AGENT = {"ecs_agent_uri": "http://127.0.0.1:1/api/1"}


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
    worker = join_worker(memory_world(), ObedientRecognizer()).worker

    host = build_host(Settings(_env_file=None, **changes), worker)

    assert (host.notices is not None, host.protection is not None) == (watched, protected)


def test_machine_without_ties_is_clear_and_silent(caplog: pytest.LogCaptureFixture) -> None:
    worker = join_worker(memory_world(), ObedientRecognizer()).worker
    host = build_host(Settings(_env_file=None), worker)

    assert host.is_clear()
    for step in (host.start, host.stop, host.close):
        step()

    assert caplog.records == []
