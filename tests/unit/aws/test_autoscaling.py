"""A fleet that is an Auto Scaling group, against moto's server."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.aws.autoscaling import AutoScalingGroup, QueueDepths
from core.aws.clients import autoscaling_client, sqs_client
from core.errors import QueueUnavailable, ServiceUnavailable
from core.scaling.policy import Depth
from core.settings import Settings
from tests.support.services.auto_scaling import GROUP, make_group, moto_server


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    with moto_server() as settings:
        yield settings


@pytest.fixture
def client(settings: Settings) -> Iterator[Any]:
    client = autoscaling_client(settings)
    make_group(client, least=0, most=4)
    yield client
    client.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    client.delete_launch_configuration(LaunchConfigurationName="worker")


def test_desired_capacity_goes_from_zero_to_some_and_back(client: Any) -> None:
    fleet = AutoScalingGroup(client, GROUP)
    counts = [fleet.count()]

    for workers in (3, 1, 0):
        fleet.scale_to(workers)
        counts.append(fleet.count())

    assert counts == [0, 3, 1, 0]


def test_group_is_not_asked_for_more_than_its_own_maximum(client: Any) -> None:
    fleet = AutoScalingGroup(client, GROUP)

    fleet.scale_to(15)

    assert fleet.count() == 4


def test_instances_outlive_the_autoscaler(client: Any) -> None:
    fleet = AutoScalingGroup(client, GROUP)
    fleet.scale_to(2)

    fleet.close()

    assert fleet.count() == 2


def test_missing_group_is_named(settings: Settings) -> None:
    with pytest.raises(ServiceUnavailable, match="nothing-there"):
        AutoScalingGroup(autoscaling_client(settings), "nothing-there").count()


def test_depths_of_queues_are_added(settings: Settings) -> None:
    sqs = sqs_client(settings)
    for name, messages in (("requests", 2), ("albums", 3)):
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        for number in range(messages):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)

    assert QueueDepths(sqs, ["requests", "albums"])() == Depth(visible=4, in_flight=1)


def test_missing_queue_is_named(settings: Settings) -> None:
    with pytest.raises(QueueUnavailable, match="nowhere"):
        QueueDepths(sqs_client(settings), ["nowhere"])()
