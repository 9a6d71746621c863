"""Each alert has a fault that must fire it, and the quicker copies differ in times only."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.watched.alert_faults import FAULTS
from harness.watched.alert_rules import HURRIED, LONG, alert_rules, hurried
from harness.watched.alerts import MOST_S
from tests.support.services.prometheus_server import binary

LONG_RULES = [rule for rule in alert_rules() if rule["alert"] in LONG]
TIME = re.compile(r"\d+m?[smh]")


def copies(factor: float = 10) -> dict[str, Any]:
    return {rule["alert"]: rule for rule in hurried(factor=factor)["groups"][0]["rules"]}


def seconds(time: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", time).groups()  # type: ignore[union-attr]
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def test_each_alert_has_one_fault_and_no_fault_is_for_another() -> None:
    for_faults = [alert for fault in FAULTS for alert in fault.alerts]

    assert sorted(for_faults) == sorted(rule["alert"] for rule in alert_rules())


def test_only_alerts_on_more_than_two_minutes_are_copied() -> None:
    longest = {
        rule["alert"]: max(map(seconds, TIME.findall(rule["expr"] + " " + rule.get("for", "0s"))))
        for rule in alert_rules()
    }

    assert {alert for alert, time_s in longest.items() if time_s > MOST_S} == LONG


@pytest.mark.parametrize("rule", LONG_RULES, ids=lambda rule: rule["alert"])
def test_copy_is_the_same_but_for_its_times(rule: dict[str, Any]) -> None:
    copy = copies()[rule["alert"]]

    assert TIME.sub("?", copy["expr"]) == TIME.sub("?", rule["expr"])
    shipped, quicker = (
        [seconds(time) for time in TIME.findall(f"{each['expr']} {each.get('for', '')}")]
        for each in (rule, copy)
    )
    assert quicker == [time_s / 10 for time_s in shipped]
    assert copy["labels"] == rule["labels"] | HURRIED
    assert copy["annotations"] == rule["annotations"]


def test_prometheus_reads_the_copies(tmp_path: Path) -> None:
    file = tmp_path / "hurried.yml"
    file.write_text(yaml.safe_dump(hurried({rule["alert"] for rule in alert_rules()}, 4)))

    asked = [binary("promtool"), "check", "rules", str(file)]
    checked = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert f"{len(alert_rules())} rules found" in checked.stdout
