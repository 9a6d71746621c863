"""Queue depths on SQS, and a fleet that is an Auto Scaling group on EC2."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from core.aws.clients import unavailable_as
from core.errors import QueueUnavailable, ServiceUnavailable
from core.scaling.policy import Depth

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class QueueDepths:
    """How many messages are in some queues together, by SQS's own approximate count.

    Parameters
    ----------
    client
        boto3's client of ``sqs``.
    names : sequence of str
        The queues.
    light : sequence of str
        Queues of errands that one worker does beside its jobs: each counts as one message.
    """

    def __init__(
        self, client: "SQSClient", names: Sequence[str], *, light: Sequence[str] = ()
    ) -> None:
        self._client = client
        self._names = tuple(names)
        self._light = tuple(light)
        self._urls: dict[str, str] = {}

    def __call__(self) -> Depth:
        """Count the messages.

        Raises
        ------
        QueueUnavailable
            If SQS does not answer or a queue is missing.
        """
        depths = [self._depth(name) for name in self._names]
        errands = sum(self._depth(name).jobs > 0 for name in self._light)
        return sum(depths, Depth(visible=errands, in_flight=0))

    def _depth(self, name: str) -> Depth:
        with unavailable_as(QueueUnavailable, f"SQS queue {name}"):
            if name not in self._urls:
                self._urls[name] = self._client.get_queue_url(QueueName=name)["QueueUrl"]
            found = self._client.get_queue_attributes(
                QueueUrl=self._urls[name],
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        return Depth(
            visible=int(found["ApproximateNumberOfMessages"]),
            in_flight=int(found["ApproximateNumberOfMessagesNotVisible"]),
        )


class AutoScalingGroup:
    """The instances of one Auto Scaling group; keeps the contract of ``WorkerFleet``.

    Only the desired capacity is set: which instance is ended, and how it is told,
    are the group's affairs. EC2 replaces instances that die, and they outlive
    this process.

    Parameters
    ----------
    client
        boto3's client of ``autoscaling``.
    name : str
        The group's name.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def count(self) -> int:
        return int(self._group()["DesiredCapacity"])

    def scale_to(self, workers: int) -> None:
        """Set the desired capacity, within the bounds that the group has of its own."""
        group = self._group()
        capacity = min(max(workers, group["MinSize"]), group["MaxSize"])
        if capacity == group["DesiredCapacity"]:
            return
        with self._errors():
            self._client.set_desired_capacity(
                AutoScalingGroupName=self._name, DesiredCapacity=capacity, HonorCooldown=False
            )

    def close(self) -> None:
        """Leave the instances: they are not this process's."""

    def _group(self) -> Any:
        with self._errors():
            groups = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self._name])
        if not groups["AutoScalingGroups"]:
            raise ServiceUnavailable(f"Auto Scaling group {self._name} does not exist")
        return groups["AutoScalingGroups"][0]

    def _errors(self) -> AbstractContextManager[None]:
        return unavailable_as(ServiceUnavailable, f"Auto Scaling group {self._name}")
