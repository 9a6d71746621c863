"""Who reaches whom, by the NetworkPolicies of the chart."""

import pytest

from tests.support.kubernetes.chart import (
    VALUES,
    component,
    given,
    of_kind,
    ours,
    parsed,
    rendered,
)
from tests.support.kubernetes.network_policies import End, may_connect

REDIS = End("10.0.3.1", "efr", {"app.kubernetes.io/name": "redis"})
OTHERS = {
    "dns": End("10.0.0.10", "kube-system", {"k8s-app": "kube-dns"}),
    "aws": End("52.95.110.1"),
    "metadata": End("169.254.169.254"),
    "identity agent": End("169.254.170.23"),
    "node": End("10.0.0.5"),
    "redis": REDIS,
    "ingress": End("10.0.2.1", "ingress-nginx", {"app.kubernetes.io/name": "ingress-nginx"}),
    "prometheus": End("10.0.2.2", "monitoring", {"app.kubernetes.io/name": "prometheus"}),
    "stranger": End("10.0.2.3", "default", {"app.kubernetes.io/name": "elastic-face-recognition"}),
    "neighbour": End("10.0.2.4", "efr", {"app.kubernetes.io/name": "other"}),
    "world": End("203.0.113.9"),
}


def ends(values: str) -> dict[str, End]:
    """Return the pods of a release and the hosts around it, by name."""
    found = dict(OTHERS)
    for number, (_, pod) in enumerate(ours(values)):
        ports = pod["spec"]["containers"][0].get("ports", [])
        found[component(pod)] = End(
            f"10.0.1.{number}",
            "efr",
            pod["metadata"]["labels"],
            {port["name"]: port["containerPort"] for port in ports},
        )
    return found


def allowed(values: str, source: str, target: str, port: int, protocol: str = "TCP") -> bool:
    there = ends(values)
    policies = of_kind("NetworkPolicy", values)
    return may_connect(policies, there[source], there[target], port, protocol)


TABLE = [
    # Callers come through the ingress controller.
    ("ingress", "web", 8000, True),
    ("world", "web", 8000, False),
    ("stranger", "web", 8000, False),
    ("neighbour", "web", 8000, False),
    ("worker", "web", 8000, False),
    ("web", "web", 8000, False),
    # Metrics need no key, so Prometheus alone reaches them.
    ("prometheus", "web", 9464, True),
    ("prometheus", "autoscaler", 9465, True),
    ("prometheus", "worker", 9466, True),
    ("prometheus", "web", 8000, False),
    ("world", "web", 9464, False),
    ("world", "worker", 9466, False),
    ("ingress", "web", 9464, False),
    ("stranger", "worker", 9466, False),
    # Nobody asks a worker for anything.
    ("web", "worker", 9466, False),
    ("ingress", "worker", 8000, False),
    # Redis.
    ("web", "redis", 6379, True),
    ("worker", "redis", 6379, True),
    ("autoscaler", "redis", 6379, False),
    ("setup", "redis", 6379, False),
    ("web", "redis", 22, False),
    # The role of the node is nobody's, nor are the other services of the network.
    ("web", "metadata", 80, False),
    ("worker", "metadata", 80, False),
    ("worker", "metadata", 443, False),
    ("worker", "node", 10250, False),
    ("worker", "world", 22, False),
    ("worker", "world", 80, False),
    ("worker", "world", 443, True),  # receivers of webhooks
    ("web", "identity agent", 80, False),
]


@pytest.mark.parametrize(("source", "target", "port", "is_allowed"), TABLE)
def test_who_reaches_whom_in_production(
    source: str, target: str, port: int, is_allowed: bool
) -> None:
    assert allowed("prod", source, target, port) is is_allowed


@pytest.mark.parametrize("values", [name for name in VALUES if name != "requests-in-flight"])
def test_all_look_up_names_and_reach_s3_and_sqs(values: str) -> None:
    for _, pod in ours(values):
        for protocol in ("UDP", "TCP"):
            assert allowed(values, component(pod), "dns", 53, protocol)
        assert allowed(values, component(pod), "aws", 443)
        assert not allowed(values, component(pod), "metadata", 80)
        assert not allowed(values, "stranger", component(pod), 9464)


def test_lists_of_nobody_let_nobody_in_and_nothing_out() -> None:
    lists: dict[str, list[str]] = {"webFrom": [], "metricsFrom": [], "https": [], "dns": []}
    made = parsed(rendered({"networkPolicy": lists, "monitoring": {"enabled": True}}))
    policies = [each for each in made if each["kind"] == "NetworkPolicy"]
    there = ends("prod")

    for other in OTHERS:
        for port in (53, 443, 8000, 9464):
            assert not may_connect(policies, there[other], there["web"], port)
            assert not may_connect(policies, there["web"], there[other], port)


def test_policies_can_be_left_to_others() -> None:
    assert given("requests-in-flight")["networkPolicy"] == {"enabled": False}
    assert of_kind("NetworkPolicy", "requests-in-flight") == []
    assert allowed("requests-in-flight", "stranger", "web", 8000)  # a pod without one is open


def test_agent_of_pod_identity_is_reached_where_it_gives_the_roles() -> None:
    assert allowed("pod-identity", "web", "identity agent", 80)
    assert not allowed("pod-identity", "web", "metadata", 80)


def test_autoscaler_alone_reaches_the_api_of_the_cluster() -> None:
    assert allowed("own-autoscaler", "autoscaler", "node", 6443)
    for other in ("web", "worker", "setup"):
        assert not allowed("own-autoscaler", other, "node", 6443)


def test_localstack_is_reached_by_the_release_and_by_keda() -> None:
    policies = of_kind("NetworkPolicy", "dev-keda")
    labels = {
        "app.kubernetes.io/name": "elastic-face-recognition",
        "app.kubernetes.io/instance": "efr",
        "app.kubernetes.io/component": "localstack",
    }
    localstack = End("10.0.4.1", "efr", labels)
    keda = End("10.0.4.2", "keda", {"app": "keda-operator"})

    for name in ("web", "worker", "setup"):
        assert may_connect(policies, ends("dev-keda")[name], localstack, 4566)
    assert may_connect(policies, keda, localstack, 4566)
    assert not may_connect(policies, OTHERS["stranger"], localstack, 4566)
    assert not may_connect(policies, localstack, OTHERS["aws"], 443)


def test_other_stores_are_reached_where_a_rule_names_them() -> None:
    store = End("10.0.5.1", "stores", {"app": "minio"})

    for values, is_allowed in (("keys", True), ("prod", False)):
        policies = of_kind("NetworkPolicy", values)
        assert may_connect(policies, ends(values)["worker"], store, 9000) is is_allowed
