"""The contract of JobQueue, in memory and on SQS."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from core.aws.clients import sqs_client
from core.aws.provisioning import provision
from core.aws.sqs import SqsQueue
from core.errors import QueueUnavailable
from core.ports import ReceivedMessage
from core.settings import Settings
from harness.localstack import LocalStack
from tests.support.worlds import World, own_names


def test_sent_body_is_received_with_receive_count_one(world: World) -> None:
    world.queue.send("a body")

    message = world.receive()

    assert message.body == "a body"
    assert message.receive_count == 1


def test_notes_of_a_message_come_with_it(world: World) -> None:
    world.queue.send("a body", notes={"reason": "it is no job: it names 'none'"})
    world.queue.send("another")

    messages = [world.receive(), world.receive()]

    notes = {message.body: message.notes for message in messages}
    assert notes == {"a body": {"reason": "it is no job: it names 'none'"}, "another": {}}


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
    world.queue.delete_many([world.receive()])

    assert world.is_queue_empty()


def test_visibility_zero_makes_message_visible_at_once(world: World) -> None:
    world.queue.send("a body")
    world.queue.set_visibility(world.receive(), 0)

    assert [m.body for m in world.queue.receive(limit=1, wait_s=0)] == ["a body"]


def test_longer_visibility_hides_message_beyond_its_timeout(world: World) -> None:
    world.queue.send("a body")
    world.queue.set_visibility(world.receive(), 30)

    assert world.nothing_comes_back()


def test_message_goes_to_dead_letters_after_last_receive(world: World) -> None:
    world.queue.send("a body")
    world.receive()
    world.receive()

    assert world.dead_bodies() == ["a body"]


def test_receive_returns_no_more_than_limit(world: World) -> None:
    for number in range(5):
        world.queue.send(f"body {number}")

    assert len(world.queue.receive(limit=3, wait_s=0)) <= 3


def hidden(world: World, limit: int = 10) -> list[ReceivedMessage]:
    """Return what is visible now, and hide it for longer than the test lasts."""
    return world.queue.receive(limit=limit, wait_s=0, visibility_s=30)


def forged(message: ReceivedMessage) -> ReceivedMessage:
    """Return the message with a receipt that no queue gave out."""
    return replace(message, receipt=f"forged-{message.receipt}")


def test_many_bodies_are_sent_though_they_are_more_than_a_batch_takes(world: World) -> None:
    bodies = [f"body {number}" for number in range(23)]
    world.queue.send_many(bodies)

    received = [message.body for _ in bodies for message in hidden(world)]

    assert sorted(received) == sorted(bodies)


def test_refused_body_is_an_error_and_its_neighbours_are_sent(world: World) -> None:
    with pytest.raises(QueueUnavailable):
        world.queue.send_many(["one", "\x00", "two"])

    assert {world.receive().body for _ in range(2)} == {"one", "two"}


def test_messages_deleted_together_never_come_back(world: World) -> None:
    bodies = [f"body {number}" for number in range(12)]
    world.queue.send_many(bodies)
    messages = [message for _ in bodies for message in hidden(world)]
    assert len(messages) == 12

    assert world.queue.delete_many(messages) == []

    assert world.is_queue_empty()


def test_message_that_is_not_deleted_is_returned_and_its_neighbours_are(world: World) -> None:
    world.queue.send_many(["one", "two", "three"])
    one, two, three = (message for _ in range(3) for message in hidden(world, limit=1))

    assert world.queue.delete_many([one, forged(two), three]) == [forged(two)]

    world.queue.set_visibility(two, 0)
    assert world.receive().body == two.body
    assert world.messages_left() == 1


def test_messages_released_together_are_visible_at_once(world: World) -> None:
    world.queue.send_many(["one", "two"])
    messages = [message for _ in range(2) for message in hidden(world, limit=1)]

    assert world.queue.set_visibility_many(messages, 0) == []

    bodies = {message.body for _ in range(2) for message in hidden(world, limit=1)}
    assert bodies == {"one", "two"}


def test_message_that_is_gone_is_not_extended_and_its_neighbours_are(world: World) -> None:
    world.queue.send_many(["one", "two"])
    one, two = (message for _ in range(2) for message in hidden(world, limit=1))
    world.queue.delete_many([one])

    assert world.queue.set_visibility_many([one, two, forged(two)], 0) == [one, forged(two)]

    assert world.receive().body == two.body


def test_nothing_to_delete_or_to_extend_is_no_error(world: World) -> None:
    assert world.queue.delete_many([]) == []
    assert world.queue.set_visibility_many([], 0) == []


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
