"""What the page on one machine says of its goals."""

from typing import Any

import pytest

from benchmarks.service import home_page

HOME = {"photos_per_s": 60.0, "web_ms": 4.0, "worker_ms": 9.0, "one_client_ms": 50.0}
LOCALSTACK = {"photos_per_s": 40.0}
ENGINE = {"one_client_ms": 15.0, "engine_ms": 10.0}


def said(monkeypatch: pytest.MonkeyPatch, **costs: Any) -> str:
    monkeypatch.setattr(home_page, "_read", lambda _: {"sizes": {"250 × 250": costs}})
    return home_page.goals()


def test_goals_are_compared_with_localstack_and_with_the_engine_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = said(monkeypatch, home=HOME, localstack=LOCALSTACK, engine=ENGINE)

    cells = [line.split(" | ")[1:] for line in table.splitlines()[2:]]
    assert cells == [["1.50 ×", "**missed** |"], ["35 ms", "**missed** |"], ["0.30 ×", "met |"]]


def test_what_was_not_measured_is_no_goal_met_or_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    table = said(monkeypatch, home=HOME, localstack=LOCALSTACK)

    assert len(table.splitlines()) == 3
