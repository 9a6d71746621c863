"""Rules and dashboard of Prometheus and Grafana: they fit each other, the metrics and the docs."""

import json
import re
import socket
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Histogram

from core.host.alert_bounds import (
    ERROR_BUDGET,
    FAST_BURN,
    LONG_WAIT_S,
    OUTAGES,
    STALE_GALLERY_S,
)
from core.host.metrics import metrics
from core.settings import Settings
from scripts import observe
from scripts.grafana.dashboard import FILE, dashboard
from scripts.observe import SOURCE, written
from tests.support.photos import ROOT
from tests.support.services.prometheus_server import binary

RULES = yaml.safe_load((SOURCE / "rules.yml").read_text())["groups"][0]["rules"]
METRIC = re.compile(r"\befr_[a-z_]+")


def shown() -> set[str]:
    """Return the names under which Prometheus keeps the metrics."""
    names: set[str] = set()
    for metric in (getattr(metrics(), field.name) for field in fields(metrics())):
        if isinstance(metric, Counter):
            names.add(f"{metric._name}_total")
        elif isinstance(metric, Histogram):
            names |= {f"{metric._name}_{part}" for part in ("bucket", "sum", "count")}
        else:
            names.add(metric._name)
    return names


def queries() -> list[str]:
    panels = json.loads(FILE.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_dashboard_is_the_one_that_the_script_writes() -> None:
    assert json.loads(FILE.read_text()) == dashboard()


@pytest.mark.parametrize("query", queries())
def test_dashboard_asks_for_metrics_that_there_are(query: str) -> None:
    assert set(METRIC.findall(query)) <= shown()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alert_asks_for_metrics_that_there_are_and_has_its_paragraph(rule: dict[str, Any]) -> None:
    assert set(METRIC.findall(rule["expr"])) <= shown()
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert f"### {rule['alert']}\n" in (ROOT / page).read_text()
    assert anchor == rule["alert"].lower()


@pytest.mark.parametrize(
    ("alert", "bound"),
    [
        ("RequestsFailFast", f" > {FAST_BURN} * {ERROR_BUDGET} * "),
        ("RequestsFailSlowly", f" > 6 * {ERROR_BUDGET} * "),
        ("MessagesWaitLong", f" > {LONG_WAIT_S}"),
        ("GalleryStale", f" > {STALE_GALLERY_S}"),
        ("DependencyAway", f'code=~"{"|".join(OUTAGES)}"'),
    ],
)
def test_rule_has_the_bound_that_the_command_line_has(alert: str, bound: str) -> None:
    (rule,) = (rule for rule in RULES if rule["alert"] == alert)

    assert bound in " ".join(rule["expr"].split())


def test_alerts_fire_and_resolve_on_made_up_series() -> None:
    asked = [binary("promtool"), "test", "rules", str(SOURCE / "rules_test.yml")]
    tested = subprocess.run(asked, capture_output=True, text=True, check=False)

    assert tested.returncode == 0, tested.stdout + tested.stderr
    cases = yaml.safe_load((SOURCE / "rules_test.yml").read_text())["tests"]
    told = [each for case in cases for each in case["alert_rule_test"]]
    fired = {each["alertname"] for each in told if each["exp_alerts"]}
    resolved = {each["alertname"] for each in told if not each["exp_alerts"]}
    assert fired == resolved == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("port", [20_000, 9463, 9465])
def test_configuration_has_the_ports_of_the_settings(tmp_path: Path, port: int) -> None:
    file = written(Settings(_env_file=None, metrics_port=port), tmp_path)

    subprocess.run([binary("promtool"), "check", "config", str(file)], check=True)
    targets = yaml.safe_load(file.read_text())["scrape_configs"][0]["static_configs"]
    assert [target["targets"] for target in targets] == [
        [f"127.0.0.1:{port}"],
        [f"127.0.0.1:{port + 1}"],
    ]


def test_a_taken_port_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", "20000")
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("sys.argv", ["observe", "--port", str(port)])

        with pytest.raises(SystemExit, match=f"port {port} is in use .*--port {port + 1}"):
            observe.main()


@pytest.mark.parametrize("port", ["0", "70000", "-1", "x"])
def test_what_is_no_port_is_refused(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["observe", "--port", port])

    with pytest.raises(SystemExit, match="2"):
        observe.main()

    assert "--port" in capsys.readouterr().err


def test_setting_that_can_not_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["observe"])
    monkeypatch.setenv("METRICS_PORT", "65534")

    with pytest.raises(SystemExit, match="METRICS_PORT"):
        observe.main()


def test_missing_rules_are_not_taken_for_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "prometheus.yml").write_text("rule_files: [rules.yml]")
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr("sys.argv", ["observe"])
    monkeypatch.setattr(observe, "SOURCE", tmp_path)
    monkeypatch.setenv("METRICS_PORT", "20000")

    with pytest.raises(SystemExit, match=r"rules\.yml is missing"):
        observe.main()


def test_folder_is_held_by_what_the_program_becomes(tmp_path: Path) -> None:
    code = f"""
import os, pathlib
from scripts import observe
observe.hold(pathlib.Path({str(tmp_path)!r}))
print("held", flush=True)
os.execv("/bin/cat", ["cat"])
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        other.stdin.write("it is cat now\n")
        other.stdin.flush()
        assert other.stdout.readline() == "it is cat now\n"

        assert not observe.hold(tmp_path)

        other.kill()
    assert observe.hold(tmp_path)


@pytest.mark.parametrize(("host", "asked"), [("10.0.0.5", "10.0.0.5"), ("::1", "[::1]")])
def test_configuration_has_the_host_of_the_settings(host: str, asked: str, tmp_path: Path) -> None:
    file = written(Settings(_env_file=None, metrics_port=20_000, metrics_host=host), tmp_path)

    targets = yaml.safe_load(file.read_text())["scrape_configs"][0]["static_configs"]
    assert targets[0]["targets"] == [f"{asked}:20000"]
