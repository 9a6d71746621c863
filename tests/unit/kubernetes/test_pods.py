"""What must hold for every pod, with whatever values."""

import math
from typing import Any

import pytest

from core.bootstrap.run_autoscaler import drain_seconds
from core.settings import Settings
from tests.support.kubernetes.chart import (
    DEFAULTS,
    VALUES,
    Object,
    component,
    environment,
    given,
    label,
    objects,
    of_kind,
    ours,
    templates,
)

every_file = pytest.mark.parametrize("values", VALUES)
JOBS = ("setup", "upgrade")


def container(pod: Object) -> Object:
    (only,) = pod["spec"]["containers"]
    return dict(only)


def settings_of(pod: Object, values: str) -> Settings:
    variables: dict[str, Any] = environment(pod, values)
    given_settings = {name.lower(): value for name, value in variables.items() if value}
    return Settings(_env_file=None, **given_settings)


def chosen(selector: Object, values: str) -> list[Object]:
    """Return the pods that a selector chooses."""
    wanted = selector.get("matchLabels", {}).items()
    return [
        pod
        for _, pod in templates(values)
        if wanted <= pod["metadata"]["labels"].items()
        and all(_fits(each, pod) for each in selector.get("matchExpressions", []))
    ]


def _fits(expression: Object, pod: Object) -> bool:
    value = pod["metadata"]["labels"].get(expression["key"])
    is_in = value in expression["values"]
    return {"In": is_in, "NotIn": not is_in}[expression["operator"]]


@every_file
def test_number_of_pods_is_set_by_the_autoscaler_or_by_the_manifest(values: str) -> None:
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]
        for each in objects(values)
        if each["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    }
    scaled |= {
        environment(pod, values)["WORKER_DEPLOYMENT"]
        for _, pod in ours(values)
        if environment(pod, values)["WORKER_DEPLOYMENT"]
    }
    deployments = {each["metadata"]["name"]: each for each in of_kind("Deployment", values)}

    assert scaled <= set(deployments)
    for name, each in deployments.items():
        assert ("replicas" in each["spec"]) == (name not in scaled), name


@every_file
def test_selectors_choose_the_pods_of_their_own_object(values: str) -> None:
    for each in of_kind("Deployment", values):
        pods = chosen(each["spec"]["selector"], values)
        assert pods == [each["spec"]["template"]], label(each)
        assert "app.kubernetes.io/version" not in each["spec"]["selector"]["matchLabels"]
    for each in of_kind("Service", values):
        (pod,) = chosen({"matchLabels": each["spec"]["selector"]}, values)
        ports = {port["name"] for port in container(pod)["ports"]}
        assert {port["targetPort"] for port in each["spec"]["ports"]} <= ports
    for kind in ("PodDisruptionBudget", "PodMonitor"):
        for each in of_kind(kind, values):
            assert chosen(each["spec"]["selector"], values), label(each)
    for each in of_kind("NetworkPolicy", values):
        assert chosen(each["spec"]["podSelector"], values), label(each)


@every_file
def test_budget_never_blocks_the_drain_of_a_node(values: str) -> None:
    for each in of_kind("PodDisruptionBudget", values):
        spec = each["spec"]
        assert "minAvailable" not in spec
        for pods in range(1, 11):
            allowed = spec["maxUnavailable"]
            if isinstance(allowed, str):
                allowed = math.ceil(pods * int(allowed.removesuffix("%")) / 100)
            assert allowed >= 1
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    # An only pod of its kind has none.
    assert {
        each["metadata"]["name"].rpartition("-")[2]
        for each in of_kind("PodDisruptionBudget", values)
    } == {"web", "worker"}


@every_file
def test_container_says_what_it_needs_and_takes(values: str) -> None:
    for name, pod in templates(values):
        resources = container(pod)["resources"]
        for kind in ("requests", "limits"):
            assert {"cpu", "memory", "ephemeral-storage"} <= set(resources[kind]), name
        assert resources["requests"].get("nvidia.com/gpu") == resources["limits"].get(
            "nvidia.com/gpu"
        )


@every_file
def test_container_that_stays_is_watched(values: str) -> None:
    for name, pod in templates(values):
        probes = {"startupProbe", "readinessProbe", "livenessProbe"} & set(container(pod))
        assert len(probes) == (0 if component(pod) in JOBS else 3), name


@every_file
def test_web_pod_gets_requests_by_what_its_port_of_metrics_says(values: str) -> None:
    (web,) = [container(pod) for _, pod in ours(values) if component(pod) == "web"]
    probed = {name: each["httpGet"] for name, each in web.items() if name.endswith("Probe")}

    # What restarts a pod looks at the pod alone: S3 may be away for all of them.
    alive = {"path": "/health", "port": "http"}
    assert probed == {
        "startupProbe": alive,
        "livenessProbe": alive,
        "readinessProbe": {"path": "/ready", "port": "metrics"},
    }
    # The port itself is patient for four seconds, and then says that the web tier does not answer.
    assert web["readinessProbe"]["timeoutSeconds"] > 4


@every_file
def test_pod_keeps_to_the_restricted_standard_of_kubernetes(values: str) -> None:
    for name, pod in templates(values):
        spec, only = pod["spec"], container(pod)
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec), name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert (
            spec["securityContext"]["runAsUser"] == spec["securityContext"]["runAsGroup"] == 10001
        )
        assert only["securityContext"]["allowPrivilegeEscalation"] is False
        assert only["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
        assert kinds <= {"emptyDir", "projected"}, name
        # LocalStack writes beside its own program; nobody runs it for good.
        is_read_only = only["securityContext"].get("readOnlyRootFilesystem", False)
        assert is_read_only == (component(pod) != "localstack"), name


@every_file
def test_only_the_autoscaler_has_a_token_of_the_cluster(values: str) -> None:
    scales = given(values).get("worker", {}).get("scaling") == "autoscaler"

    for name, pod in templates(values):
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        has_token = any("projected" in volume for volume in pod["spec"]["volumes"])
        assert has_token == (scales and component(pod) == "autoscaler"), name
    rights = [
        rule
        for role in of_kind("Role", values)
        for rule in role["spec" if "spec" in role else "rules"]
    ]
    only = {
        "apiGroups": ["apps"],
        "resources": ["deployments/scale"],
        "resourceNames": ["efr-worker"],
        "verbs": ["get", "patch"],
    }
    assert rights == ([only] if scales else [])


@every_file
def test_services_of_the_namespace_set_no_setting(values: str) -> None:
    for name, pod in templates(values):
        assert pod["spec"]["enableServiceLinks"] is False, name


@every_file
def test_service_is_not_process_one(values: str) -> None:
    for name, pod in ours(values):
        assert pod["spec"]["shareProcessNamespace"] is True, name


@every_file
def test_pod_may_finish_before_it_is_killed(values: str) -> None:
    for name, pod in ours(values):
        grace_s = pod["spec"].get("terminationGracePeriodSeconds", 30)
        settings = settings_of(pod, values)
        if component(pod) == "worker":
            assert grace_s >= drain_seconds(settings), name
        if component(pod) == "web":
            before_s = container(pod)["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert grace_s > before_s + settings.max_wait_seconds + 5, name


def references(pod: Object, values: str) -> set[str]:
    """Return what must be there before a pod starts."""
    wanted = {
        f"ConfigMap/{source['configMapRef']['name']}"
        if "configMapRef" in source
        else f"Secret/{source['secretRef']['name']}"
        for source in container(pod)["envFrom"]
    }
    accounts = DEFAULTS["serviceAccounts"] | given(values).get("serviceAccounts", {})
    if accounts["create"]:
        wanted.add(f"ServiceAccount/{pod['spec']['serviceAccountName']}")
    return wanted


@every_file
def test_what_a_pod_refers_to_is_there(values: str) -> None:
    made = {label(each) for each in objects(values)}
    elsewhere = {f"Secret/{given(values).get('secrets', {}).get('existingSecret')}"}
    elsewhere |= {
        f"Secret/{each['metadata']['name']}" for each in of_kind("ExternalSecret", values)
    }

    for name, pod in ours(values):
        assert references(pod, values) <= made | elsewhere, name


@every_file
def test_what_runs_before_the_install_needs_nothing_that_comes_with_it(values: str) -> None:
    before = [
        each
        for each in objects(values)
        if "pre-install" in each["metadata"].get("annotations", {}).get("helm.sh/hook", "")
    ]
    secret = given(values).get("secrets", {}).get("existingSecret")

    for job in (each for each in before if each["kind"] == "Job"):
        wanted = references(job["spec"]["template"], values)
        assert wanted <= {label(each) for each in before} | {f"Secret/{secret}"}
        for each in before:
            weight = int(each["metadata"]["annotations"].get("helm.sh/hook-weight", 0))
            assert each is job or weight < 0, label(each)


@every_file
def test_only_operators_pods_have_the_rights_to_make_keys(values: str) -> None:
    accounts = {component(pod): pod["spec"]["serviceAccountName"] for _, pod in ours(values)}

    for name, account in accounts.items():
        part = "operator" if name in ("shell", "upgrade") else name
        assert account.rpartition("-")[2] == part, name
