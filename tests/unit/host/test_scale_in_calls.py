"""Protection of an instance, against moto's server, and of a task, against an agent."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.aws.clients import autoscaling_client
from core.aws.scale_in_calls import InstanceProtection, TaskProtection
from core.errors import ServiceUnavailable
from harness.localstack import free_port
from tests.support.services.auto_scaling import GROUP, make_group, moto_server, settings_for
from tests.support.services.task_agent import TaskAgent


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with moto_server() as settings:
        client = autoscaling_client(settings)
        make_group(client, least=2, most=2)
        yield client


def protected_instances(client: Any) -> dict[str, bool]:
    (group,) = client.describe_auto_scaling_groups()["AutoScalingGroups"]
    return {each["InstanceId"]: each["ProtectedFromScaleIn"] for each in group["Instances"]}


def test_one_instance_is_protected_and_freed(client: Any) -> None:
    mine, other = protected_instances(client)
    protect = InstanceProtection(client, GROUP, lambda: mine)

    protect(True)
    assert protected_instances(client) == {mine: True, other: False}
    protect(False)

    assert protected_instances(client) == {mine: False, other: False}


def test_absent_auto_scaling_is_unavailable() -> None:
    client = autoscaling_client(settings_for(f"http://127.0.0.1:{free_port()}"))

    with pytest.raises(ServiceUnavailable, match="i-1 in workers"):
        InstanceProtection(client, GROUP, lambda: "i-1")(True)


def test_task_is_protected_for_a_while_and_freed(agent: TaskAgent) -> None:
    protect = TaskProtection(agent.uri)

    protect(True)
    protect(False)

    assert agent.states == [
        {"ProtectionEnabled": True, "ExpiresInMinutes": 15},
        {"ProtectionEnabled": False},
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        (400, '{"error": {"Code": "AccessDeniedException"}}'),
        (200, '{"failure": {"Reason": "TASK_NOT_VALID"}}'),
    ],
)
def test_refusal_of_the_agent_is_shown(agent: TaskAgent, refusal: tuple[int, str]) -> None:
    agent.refusal = refusal

    with pytest.raises(ServiceUnavailable, match=r"AccessDenied|TASK_NOT_VALID"):
        TaskProtection(agent.uri)(True)


def test_absent_agent_is_unavailable() -> None:
    with pytest.raises(ServiceUnavailable, match="task-protection"):
        TaskProtection(f"http://127.0.0.1:{free_port()}/api/1")(True)
