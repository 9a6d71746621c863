"""A real Prometheus tells of real faults of a real service, and that they are over."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.watched.alert_faults import FAULTS
from harness.watched.alerts import run
from harness.watched.scene import scene
from tests.conftest import require_localstack
from tests.support.models import models_dir
from tests.support.photos import SAMPLES
from tests.support.services.prometheus_server import binary
from tests.support.services.redis_server import require_redis_server

QUICK = ("DependencyAway", "DeadLetters")
"""Looked at in a copy whose windows are four times shorter: the shipped ones take a minute."""


def test_alerts_fire_for_their_faults_and_resolve(tmp_path_factory: pytest.TempPathFactory) -> None:
    require_localstack()
    require_redis_server()
    binary("prometheus")
    faults = [
        replace(fault, alerts=tuple(alert for alert in fault.alerts if alert in QUICK))
        for fault in FAULTS
        if {*fault.alerts} & {*QUICK}
    ]
    # The path of a socket has at most 107 characters, and the test's name is in tmp_path.
    folder: Path = tmp_path_factory.mktemp("alerts")

    with scene(folder, SAMPLES, models_dir=models_dir(), every_s=1, names=QUICK, factor=4) as on:
        seen, counted = run(on, faults)

    assert [each.alert for each in seen] == list(QUICK)
    assert counted.is_exact, counted
    assert counted.outcomes["swept"] == 1
    assert counted.outcomes["done"] > 1
