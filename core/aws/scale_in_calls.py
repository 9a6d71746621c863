"""Scale-in protection: of an instance in its Auto Scaling group, and of a task on ECS."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from core.aws.clients import unavailable_as
from core.aws.local_http import ask
from core.errors import ServiceUnavailable

TASK_RENEW_S: Final = 300.0
_TASK_EXPIRES_MIN: Final = 15
"""Two renewals may fail; a task that hangs does not hold up a deployment for long."""
_AGENT_TIMEOUT_S: Final = 5.0


class InstanceProtection:
    """Protects one instance from its group's scale-in.

    Parameters
    ----------
    client
        boto3's client of ``autoscaling``.
    group : str
        The group's name.
    instance_id : callable
        Asked once it is needed.
    """

    def __init__(self, client: Any, group: str, instance_id: Callable[[], str]) -> None:
        self._client = client
        self._group = group
        self._instance_id = instance_id

    def __call__(self, protected: bool) -> None:
        """Set or end the protection.

        Raises
        ------
        ServiceUnavailable
            If Auto Scaling refuses, or does not answer.
        """
        instance_id = self._instance_id()
        with unavailable_as(ServiceUnavailable, f"{instance_id} in {self._group}"):
            self._client.set_instance_protection(
                InstanceIds=[instance_id],
                AutoScalingGroupName=self._group,
                ProtectedFromScaleIn=protected,
            )


class TaskProtection:
    """Protects this ECS task from its service's scale-in and deployments, for 15 minutes.

    Parameters
    ----------
    agent_uri : str
        What ECS puts into ``ECS_AGENT_URI``.

    References
    ----------
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
    """

    def __init__(self, agent_uri: str) -> None:
        self._url = f"{agent_uri.rstrip('/')}/task-protection/v1/state"

    def __call__(self, protected: bool) -> None:
        """Set or end the protection.

        Raises
        ------
        ServiceUnavailable
            If the agent refuses, or does not answer.
        """
        wanted: dict[str, Any] = {"ProtectionEnabled": protected}
        if protected:
            wanted["ExpiresInMinutes"] = _TASK_EXPIRES_MIN
        answer = ask(
            "PUT",
            self._url,
            headers={"Content-Type": "application/json"},
            body=json.dumps(wanted),
            timeout_s=_AGENT_TIMEOUT_S,
        )
        # A refusal may come with status 200 and the key "failure".
        if answer.status != HTTPStatus.OK or '"protection"' not in answer.text:
            raise ServiceUnavailable(f"ECS agent: status {answer.status}, {answer.text[:200]}")
