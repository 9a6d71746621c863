"""Everything goes wrong while a load runs, and every accepted job gets its one right answer."""

import pytest

from harness.chaos import Plan, run
from tests.conftest import require_localstack
from tests.support.models import models_dir
from tests.support.photos import SAMPLES

ALWAYS = {
    "kill child",
    "hang child",
    "kill worker",
    "terminate worker",
    "pause localstack",
    "refuse connections",
    "cut connections",
    "delay connections",
    "double messages",
    "reorder messages",
    "refuse operations",
    "send unreadable messages",
    "change engine",
}
"""Filling the disk needs user namespaces, which not every machine allows."""


def test_every_job_is_kept_its_promise_whatever_goes_wrong(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    require_localstack()
    # Shorter absences go unnoticed: clients of AWS try again for two seconds. The seed lets most
    # faults come while jobs do, and the unreadable messages after the kills: a sweep of dead
    # letters that breaks off leaves them hidden for a minute, for which the audit would wait.
    plan = Plan(
        seconds=25,
        rate=1.6,
        album=30,
        fault_every_s=0.2,
        away_s=3,
        refused_s=5,
        slow_s=2,
        seed=408,
    )

    # The path of a socket has at most 107 characters, and the test's name is in tmp_path.
    report = run(plan, SAMPLES, tmp_path_factory.mktemp("chaos"), models_dir=models_dir())

    assert report["findings"] == {}
    assert report["kept"], report
    assert report["uploads"]["right"] + report["poison_uploads"] == 40
    assert report["faults"].keys() >= ALWAYS


def test_home_keeps_every_promise_when_everything_is_killed_at_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # A disk that is full and loses power needs root, and a process in which nobody else has a
    # file of it open: `make chaos CHAOS="--home"`.
    plan = Plan(
        seconds=4,
        rate=3,
        album=8,
        fault_every_s=0.5,
        away_s=0,
        slow_s=1,
        seed=5,
        home=True,
        only=("kill_everything",),
        workers=1,
        has_disk=False,
    )

    report = run(plan, SAMPLES, tmp_path_factory.mktemp("chaos"), models_dir=models_dir())

    assert report["findings"] == {}
    assert report["kept"], report
    assert report["uploads"]["right"] == 12
    assert "kill everything" in report["faults"]
