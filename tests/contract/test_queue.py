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
from tests.support.backends import Backends, own_names


def test_sent_body_is_received_with_receive_count_one(backends: Backends) -> None:
    backends.queue.send("a body")

    message = backends.receive()

    assert message.body == "a body"
    assert message.receive_count == 1


def test_notes_of_a_message_come_with_it(backends: Backends) -> None:
    backends.queue.send("a body", notes={"reason": "it is no job: it names 'none'"})
    backends.queue.send("another")

    messages = [backends.receive(), backends.receive()]

    notes = {message.body: message.notes for message in messages}
    assert notes == {"a body": {"reason": "it is no job: it names 'none'"}, "another": {}}


def test_delayed_message_is_received_only_when_its_time_has_passed(backends: Backends) -> None:
    backends.queue.send("later", notes={"tenant": "acme"}, delay_s=1.5)

    assert backends.queue.receive(limit=1, wait_s=0) == []
    message = backends.receive()
    assert (message.body, message.notes) == ("later", {"tenant": "acme"})


def test_message_in_flight_is_not_received_again(backends: Backends) -> None:
    backends.queue.send("a body")
    backends.receive()

    assert backends.queue.receive(limit=10, wait_s=0) == []


def test_message_comes_back_after_visibility_timeout_with_higher_count(backends: Backends) -> None:
    backends.queue.send("a body")
    first = backends.receive()

    second = backends.receive()

    assert second.body == first.body
    assert second.receive_count == 2


def test_deleted_message_never_comes_back(backends: Backends) -> None:
    backends.queue.send("a body")
    backends.queue.delete_many([backends.receive()])

    assert backends.is_queue_empty()


def test_visibility_zero_makes_message_visible_at_once(backends: Backends) -> None:
    backends.queue.send("a body")
    backends.queue.set_visibility(backends.receive(), 0)

    assert [m.body for m in backends.queue.receive(limit=1, wait_s=0)] == ["a body"]


def test_longer_visibility_hides_message_beyond_its_timeout(backends: Backends) -> None:
    backends.queue.send("a body")
    backends.queue.set_visibility(backends.receive(), 30)

    assert backends.nothing_comes_back()


def test_message_goes_to_dead_letters_after_last_receive(backends: Backends) -> None:
    backends.queue.send("a body")
    backends.receive()
    backends.receive()

    assert backends.dead_bodies() == ["a body"]


def test_receive_returns_no_more_than_limit(backends: Backends) -> None:
    for number in range(5):
        backends.queue.send(f"body {number}")

    assert len(backends.queue.receive(limit=3, wait_s=0)) <= 3


def hidden(backends: Backends, limit: int = 10) -> list[ReceivedMessage]:
    """Return what is visible now, and hide it for longer than the test lasts."""
    return backends.queue.receive(limit=limit, wait_s=0, visibility_s=30)


def forged(message: ReceivedMessage) -> ReceivedMessage:
    """Return the message with a receipt that no queue gave out."""
    return replace(message, receipt=f"forged-{message.receipt}")


def test_many_bodies_are_sent_though_they_are_more_than_a_batch_takes(backends: Backends) -> None:
    bodies = [f"body {number}" for number in range(23)]
    backends.queue.send_many(bodies)

    received = [message.body for _ in bodies for message in hidden(backends)]

    assert sorted(received) == sorted(bodies)


def test_refused_body_is_an_error_and_its_neighbours_are_sent(backends: Backends) -> None:
    with pytest.raises(QueueUnavailable):
        backends.queue.send_many(["one", "\x00", "two"])

    assert {backends.receive().body for _ in range(2)} == {"one", "two"}


def test_messages_deleted_together_never_come_back(backends: Backends) -> None:
    bodies = [f"body {number}" for number in range(12)]
    backends.queue.send_many(bodies)
    messages = [message for _ in bodies for message in hidden(backends)]
    assert len(messages) == 12

    assert backends.queue.delete_many(messages) == []

    assert backends.is_queue_empty()


def test_message_that_is_not_deleted_is_returned_and_its_neighbours_are(backends: Backends) -> None:
    backends.queue.send_many(["one", "two", "three"])
    one, two, three = (message for _ in range(3) for message in hidden(backends, limit=1))

    assert backends.queue.delete_many([one, forged(two), three]) == [forged(two)]

    backends.queue.set_visibility(two, 0)
    assert backends.receive().body == two.body
    assert backends.messages_left() == 1


def test_messages_released_together_are_visible_at_once(backends: Backends) -> None:
    backends.queue.send_many(["one", "two"])
    messages = [message for _ in range(2) for message in hidden(backends, limit=1)]

    assert backends.queue.set_visibility_many(messages, 0) == []

    bodies = {message.body for _ in range(2) for message in hidden(backends, limit=1)}
    assert bodies == {"one", "two"}


def test_message_that_is_gone_is_not_extended_and_its_neighbours_are(backends: Backends) -> None:
    backends.queue.send_many(["one", "two"])
    one, two = (message for _ in range(2) for message in hidden(backends, limit=1))
    backends.queue.delete_many([one])

    assert backends.queue.set_visibility_many([one, two, forged(two)], 0) == [one, forged(two)]

    assert backends.receive().body == two.body


def test_nothing_to_delete_or_to_extend_is_no_error(backends: Backends) -> None:
    assert backends.queue.delete_many([]) == []
    assert backends.queue.set_visibility_many([], 0) == []


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
