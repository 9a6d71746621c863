"""What NetworkPolicies let through, by the rules that Kubernetes states for them.

A pod that no policy chooses for a direction is open in it. Others are open to what any policy that
chooses them allows. A connection needs both ends: out of the one and into the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Rules = list[dict[str, Any]]


@dataclass(frozen=True)
class End:
    """A pod, or a host outside the cluster, which has an address alone."""

    address: str
    namespace: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    """Its named ports."""


def may_connect(
    policies: Iterable[dict[str, Any]], source: End, target: End, port: int, protocol: str = "TCP"
) -> bool:
    """Tell whether a source reaches a port of a target."""
    given = list(policies)
    return _is_open(given, "Egress", source, target, target, port, protocol) and _is_open(
        given, "Ingress", target, source, target, port, protocol
    )


def _is_open(
    policies: Rules, way: str, pod: End, peer: End, target: End, port: int, protocol: str
) -> bool:
    if pod.namespace is None:
        return True
    own = [
        each["spec"]
        for each in policies
        if each["metadata"]["namespace"] == pod.namespace
        and way in each["spec"]["policyTypes"]
        and _chooses(each["spec"]["podSelector"], pod.labels)
    ]
    rules = [rule for spec in own for rule in spec.get(way.lower()) or []]
    namespace = pod.namespace
    return not own or any(
        _has_peer(rule.get("to" if way == "Egress" else "from"), peer, namespace)
        and _has_port(rule.get("ports"), target, port, protocol)
        for rule in rules
    )


def _has_peer(peers: Rules | None, peer: End, namespace: str) -> bool:
    """Tell whether a rule's list has a peer; a rule without a list has all."""
    return not peers or any(_is_peer(each, peer, namespace) for each in peers)


def _is_peer(rule: dict[str, Any], peer: End, namespace: str) -> bool:
    if "ipBlock" in rule:
        block, address = rule["ipBlock"], ip_address(peer.address)
        inside = address in ip_network(block["cidr"])
        return inside and not any(address in ip_network(each) for each in block.get("except", []))
    if peer.namespace is None:
        return False
    if "namespaceSelector" in rule:
        labels = {"kubernetes.io/metadata.name": peer.namespace}
        if not _chooses(rule["namespaceSelector"], labels):
            return False
    elif peer.namespace != namespace:
        return False
    return _chooses(rule.get("podSelector", {}), peer.labels)


def _has_port(ports: Rules | None, target: End, port: int, protocol: str) -> bool:
    return not ports or any(
        each.get("protocol", "TCP") == protocol
        and target.ports.get(str(each["port"]), each["port"]) == port
        for each in ports
    )


def _chooses(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    named = selector.get("matchLabels", {}).items() <= labels.items()
    return bool(named) and all(_fits(each, labels) for each in selector.get("matchExpressions", []))


def _fits(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) is (operator == "Exists")
    return bool(labels.get(key) in expression["values"]) is (operator == "In")
