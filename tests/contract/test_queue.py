"""The contract of JobQueue, in memory and on SQS."""

import pytest
from pydantic import SecretStr

from core.aws.clients import sqs_client
from core.aws.provisioning import provision
from core.aws.sqs import SqsQueue
from core.errors import QueueUnavailable
from core.settings import Settings
from tests.support.localstack import LocalStack
from tests.support.worlds import World, own_names


def test_sent_body_is_received_with_receive_count_one(world: World) -> None:
    world.queue.send("a body")

    message = world.receive()

    assert message.body == "a body"
    assert message.receive_count == 1


def test_message_in_flight_is_not_received_again(world: World) -> None:
    world.queue.send("a body")
    world.receive()

    assert world.queue.receive(limit=10, wait_s=0) == []


def test_message_comes_back_after_visibility_timeout_with_higher_count(world: World) -> None:
    world.queue.send("a body")
    first = world.receive()

    second = world.receive()

    assert second.body == first.body
    assert second.receive_count == 2


def test_deleted_message_never_comes_back(world: World) -> None:
    world.queue.send("a body")
    world.queue.delete(world.receive())

    assert world.is_queue_empty()


def test_visibility_zero_makes_message_visible_at_once(world: World) -> None:
    world.queue.send("a body")
    world.queue.set_visibility(world.receive(), 0)

    assert [m.body for m in world.queue.receive(limit=1, wait_s=0)] == ["a body"]


def test_longer_visibility_hides_message_beyond_its_timeout(world: World) -> None:
    world.queue.send("a body")
    world.queue.set_visibility(world.receive(), 30)

    assert world.is_queue_empty()


def test_message_goes_to_dead_letters_after_last_receive(world: World) -> None:
    world.queue.send("a body")
    world.receive()
    world.receive()

    assert world.dead_bodies() == ["a body"]


def test_receive_returns_no_more_than_limit(world: World) -> None:
    for number in range(5):
        world.queue.send(f"body {number}")

    assert len(world.queue.receive(limit=3, wait_s=0)) <= 3


def test_unknown_queue_is_unavailable_and_named(localstack: LocalStack) -> None:
    queue = SqsQueue(sqs_client(localstack.settings()), "no-such-queue")

    with pytest.raises(QueueUnavailable, match="no-such-queue"):
        queue.check()


def test_queue_made_later_is_found(localstack: LocalStack) -> None:
    settings = localstack.settings(**own_names())
    queue = SqsQueue(sqs_client(settings), settings.sqs_req_queue_name)
    with pytest.raises(QueueUnavailable):
        queue.send("a body")

    provision(settings)

    queue.send("a body")
    assert [m.body for m in queue.receive(limit=1, wait_s=1)] == ["a body"]


def test_absent_service_is_unavailable() -> None:
    settings = Settings(
        _env_file=None,
        aws_endpoint_url="http://127.0.0.1:1",
        aws_access_key_id=SecretStr("test"),
        aws_secret_access_key=SecretStr("test"),
    )

    with pytest.raises(QueueUnavailable):
        SqsQueue(sqs_client(settings), "requests").send("a body")
