"""What the chart has of the rest of the repository, and must follow when that changes."""

import json

import pytest
import yaml
from dotenv import dotenv_values

import core
from tests.support.kubernetes.chart import CHART, DEFAULTS
from tests.support.photos import ROOT

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
IN_A_CLUSTER = {
    "AUTH": "keys",
    "AWS_ENDPOINT_URL": "",
    "FACE_MODELS_DIR": "/opt/models",
    "METRICS_HOST": "0.0.0.0",  # noqa: S104 - in a pod
    "WEB_HOST": "0.0.0.0",  # noqa: S104 - in a pod
    "WORKER_ALIVE_FILE": "/tmp/worker.alive",  # noqa: S108 - of the pod alone
    "WORKER_PROCESSES": "2",
}
"""Settings that have another default in the chart than in .env.example."""
SECRET = set(
    SCHEMA["properties"]["secrets"]["properties"]["external"]["properties"]["data"]["properties"]
)


def test_settings_are_those_of_the_example_with_the_same_defaults() -> None:
    example = {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}

    assert set(DEFAULTS["settings"]) | SECRET | {"WORKER_DEPLOYMENT"} == set(example)
    assert DEFAULTS["settings"] == {
        name: IN_A_CLUSTER.get(name, example[name]) for name in DEFAULTS["settings"]
    }


def test_version_is_that_of_the_service() -> None:
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert about["version"] == about["appVersion"] == core.__version__


@pytest.mark.parametrize(
    ("copy", "source"),
    [("rules.yml", "prometheus/rules.yml"), ("efr.json", "grafana/dashboards/efr.json")],
)
def test_chart_has_the_rules_and_the_dashboard_of_the_service(copy: str, source: str) -> None:
    assert (CHART / "files" / copy).read_text() == (ROOT / "deploy" / source).read_text()
