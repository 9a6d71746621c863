"""The variables of the pods, as the service reads them."""

from pathlib import Path

import pytest

from core.settings import Settings, load_settings
from tests.support.kubernetes.chart import VALUES, component, environment, given, objects, ours

every_file = pytest.mark.parametrize("values", VALUES)
KNOWN = {name.upper() for name in Settings.model_fields}
AFTER = {"web": 0, "autoscaler": 1, "worker": 2}
"""Ports of metrics, counted from METRICS_PORT."""


@every_file
def test_every_variable_is_a_setting(values: str) -> None:
    for name, pod in ours(values):
        assert set(environment(pod, values)) <= KNOWN, name
        others = {each["name"] for each in pod["spec"]["containers"][0].get("env", [])} - KNOWN
        assert others == set(), name


@every_file
def test_service_starts_with_the_variables(
    values: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, pod in ours(values):
        with monkeypatch.context() as variables:
            for variable, value in environment(pod, values).items():
                variables.setenv(variable, value)
            settings = load_settings()
        port = {
            each["name"]: each["containerPort"]
            for each in pod["spec"]["containers"][0].get("ports", [])
        }
        if component(pod) in AFTER:
            assert settings.metrics_port is not None
            assert port["metrics"] == settings.metrics_port + AFTER[component(pod)], name
        if component(pod) == "web":
            assert port["http"] == settings.web_port
            assert settings.web_host == "0.0.0.0"  # noqa: S104 - in a pod
        assert settings.metrics_host == "0.0.0.0"  # noqa: S104 - in a pod
        assert settings.auth == "keys"
        assert settings.face_cuda == (values == "gpu" and component(pod) == "worker")


def test_autoscaler_beside_keda_starts_no_worker() -> None:
    pods = {component(pod): environment(pod, "prod") for _, pod in ours("prod")}

    assert given("prod")["settings"]["MAX_WORKERS"] == pods["worker"]["MAX_WORKERS"] == "50"
    assert pods["autoscaler"]["MAX_WORKERS"] == "0"
    assert pods["autoscaler"]["WORKER_DEPLOYMENT"] == ""


def test_autoscaler_alone_scales_the_workers() -> None:
    pods = {component(pod): environment(pod, "own-autoscaler") for _, pod in ours("own-autoscaler")}

    assert pods["autoscaler"]["WORKER_DEPLOYMENT"] == "efr-worker"
    assert pods["autoscaler"]["WORKER_PROCESSES"] == pods["worker"]["WORKER_PROCESSES"]
    assert pods["worker"]["WORKER_DEPLOYMENT"] == ""


def test_pause_leaves_no_worker_with_any_autoscaler() -> None:
    pods = {component(pod): pod for _, pod in ours("paused-own-autoscaler")}
    assert environment(pods["autoscaler"], "paused-own-autoscaler")["MAX_WORKERS"] == "0"

    (scaled,) = [each for each in objects("paused") if each["kind"] == "ScaledObject"]
    assert scaled["metadata"]["annotations"] == {"autoscaling.keda.sh/paused-replicas": "0"}
