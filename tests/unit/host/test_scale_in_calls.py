"""Protection of an instance, against moto's server, and of a task, against an agent."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from core.aws.clients import autoscaling_client
from core.aws.scale_in_calls import InstanceProtection, TaskProtection
from core.errors import ServiceUnavailable
from core.settings import Settings
from harness.localstack import free_port
from tests.support.services.task_agent import TaskAgent


def settings(address: str) -> Settings:
    return Settings(
        _env_file=None,
        aws_endpoint_url=address,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = autoscaling_client(settings(f"http://{host}:{port}"))
    client.create_launch_configuration(
        LaunchConfigurationName="worker", ImageId="ami-12345678", InstanceType="c6i.large"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="workers",
        LaunchConfigurationName="worker",
        MinSize=2,
        MaxSize=2,
        AvailabilityZones=["us-east-1a"],
    )
    yield client
    server.stop()


def protected_instances(client: Any) -> dict[str, bool]:
    (group,) = client.describe_auto_scaling_groups()["AutoScalingGroups"]
    return {each["InstanceId"]: each["ProtectedFromScaleIn"] for each in group["Instances"]}


def test_one_instance_is_protected_and_freed(client: Any) -> None:
    mine, other = protected_instances(client)
    protect = InstanceProtection(client, "workers", lambda: mine)

    protect(True)
    assert protected_instances(client) == {mine: True, other: False}
    protect(False)

    assert protected_instances(client) == {mine: False, other: False}


def test_absent_auto_scaling_is_unavailable() -> None:
    client = autoscaling_client(settings(f"http://127.0.0.1:{free_port()}"))

    with pytest.raises(ServiceUnavailable, match="i-1 in workers"):
        InstanceProtection(client, "workers", lambda: "i-1")(True)


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
