"""Every row of the table of core/worker/webhooks/event_handler.py, in memory."""

import json
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from core.errors import EventNotFound
from core.ground.ids import new_id
from core.ground.realms import Realm, callback_note
from core.host.tracing import tracing
from core.jobs.batch_records import Batch, BatchLists, BatchPhoto, note_ended
from core.jobs.recognition_job import failed
from core.jobs.results import Results
from core.jobs.webhooks.addresses import Guard
from core.jobs.webhooks.endpoint_store import Endpoints
from core.jobs.webhooks.endpoints import Endpoint
from core.jobs.webhooks.events import BatchWatch, DeliveryMessage, message_from
from core.jobs.webhooks.failures import FailedDelivery, Failures
from core.jobs.webhooks.outbox import Outbox
from core.jobs.webhooks.sender import Reply
from core.settings import Settings
from core.submission.webhook_requests import WebhookRequests
from core.testing import ManualClock, MemoryQueue, MemoryStore
from core.worker.delivery import Delivery, Inbox
from core.worker.outcomes import Outcome
from core.worker.webhooks.event_handler import EventHandler
from core.worker.webhooks.turns import MOST_AT_ONCE, THREADS, Turns
from tests.support.services.kept_spans import traced

URL = "https://example.org/hook"
CALLBACK = "https://example.org/jobs/17"
OK, FAILS, GONE = Reply(status=200), Reply(status=500), Reply(status=410)
TENANT = Realm("acme")
JITTER = 0.0
PAUSES_S = Settings(_env_file=None).webhook_retry_seconds


class Post:
    """A receiver of one's own: answers as told, the last reply again and again."""

    def __init__(self) -> None:
        self.replies = [OK]
        self.sent: list[tuple[str, Mapping[str, str], bytes]] = []

    def __call__(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        self.sent.append((url, headers, body))
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.sent]


class Desk:
    """A tenant with one webhook, and the worker's lane of events, one message at a time."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store, self.outputs = MemoryStore(self.clock), MemoryStore(self.clock)
        self.dead_letters = MemoryQueue(clock=self.clock)
        self.queue = MemoryQueue(clock=self.clock, dead_letters=self.dead_letters)
        self.post, self.turns = Post(), Turns(self.clock)
        self.endpoints = Endpoints(self.store, clock=self.clock)
        self.outbox = Outbox(
            queue=self.queue, endpoints=self.endpoints, realm=TENANT, now=self.clock
        )
        self.failures = Failures(outputs=self.outputs)
        self.lists = BatchLists(outputs=self.outputs, realm=TENANT)
        self.webhooks = WebhookRequests(
            outbox=self.outbox,
            failures=self.failures,
            guard=Guard(),
            realm=TENANT,
            now=self.clock,
        )
        self.handler = EventHandler(
            outbox=self.outbox,
            results=Results(self.outputs, TENANT),
            failures=self.failures,
            lists=self.lists,
            post=self.post,
            turns=self.turns,
            pauses_s=PAUSES_S,
            now=self.clock,
            jitter=lambda: JITTER,
        )
        self.inbox = Inbox(
            "events",
            self.queue,
            self.dead_letters,
            max_receive_count=5,
            visibility_s=60,
            heartbeat_s=0,
            clock=self.clock,
        )
        self.endpoint = self.webhooks.create(
            URL, events=("job.done", "job.failed", "batch.done"), details=False
        )

    def tell(self) -> str:
        """Tell of a failed job; return the event's id."""
        result = failed(new_id(), "A_CODE", "why", collection_id="staff")
        self.outbox.job_ended(result, batch_id=None, notes={})
        (message,) = self.messages()
        assert isinstance(message, DeliveryMessage)
        return message.event.event_id

    def tell_more(self) -> None:
        """Tell of another one, while there are messages."""
        self.outbox.job_ended(failed(new_id(), "B", "why"), batch_id=None, notes={})

    def call_back(self) -> None:
        """Tell of a failed job at an address of the uploader's."""
        result = failed(new_id(), "A_CODE", "why", collection_id="staff")
        self.outbox.job_ended(result, batch_id=None, notes=callback_note(CALLBACK))

    def messages(self) -> list[Any]:
        return [message_from(body) for body in self.queue.bodies]

    def received(self) -> Delivery | None:
        return next(iter(self.inbox.receive(limit=1, wait_s=0)), None)

    def step(self) -> Outcome | None:
        """Handle the next message if one is visible."""
        delivery = self.received()
        if delivery is None:
            return None
        outcome = self.handler.handle(delivery)
        self.inbox.flush()
        return outcome

    def run_for(self, seconds: float, *, step_s: float = 1) -> list[float]:
        """Handle what comes; return when each attempt was made, from now on."""
        began, made = self.clock(), []
        while self.clock() - began <= seconds:
            before = len(self.post.sent)
            while self.step():
                pass
            made += [self.clock() - began] * (len(self.post.sent) - before)
            self.clock.advance(step_s)
        return made

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def state(self) -> str:
        return self.endpoints.get(self.endpoint.webhook_id).state

    def failure(self, event_id: str) -> FailedDelivery:
        return self.failures.get(self.endpoint.webhook_id, event_id)

    def is_done(self) -> bool:
        return not self.queue.bodies and not self.dead_letters.bodies


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_accepted_event_is_deleted_and_signed_by_the_secret_of_its_webhook(desk: Desk) -> None:
    event_id = desk.tell()

    assert desk.step() is Outcome.DONE

    ((url, headers, body),) = desk.post.sent
    assert url == URL
    assert headers["webhook-id"] == event_id
    assert json.loads(body)["type"] == "job.failed"
    assert desk.is_done()
    assert desk.outputs.objects == {}


def test_receiver_verifies_a_delivery_with_either_secret_while_one_is_rotated(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = desk.endpoint.secrets[0].secret
    desk.clock.advance(datetime.now(UTC).timestamp() - desk.clock())
    rotated = desk.webhooks.rotate(desk.endpoint.webhook_id, keep=timedelta(hours=1))
    desk.tell()
    desk.step()

    ((_, headers, body),) = desk.post.sent
    for secret in (former, rotated.secrets[-1].secret):
        assert Webhook(secret).verify(body, dict(headers)) == json.loads(body)


def test_failed_event_is_tried_eight_times_with_growing_pauses_under_one_id(desk: Desk) -> None:
    desk.post.replies = [FAILS]
    event_id = desk.tell()

    at_s = desk.run_for(sum(PAUSES_S) + 3600, step_s=2.5)

    pauses_s = [round(after - before) for before, after in pairwise(at_s)]
    assert len(at_s) == 8
    for pause_s, planned_s in zip(pauses_s, PAUSES_S, strict=True):
        assert planned_s <= pause_s <= planned_s + 30
    assert set(desk.post.ids) == {event_id}
    failure = desk.failure(event_id)
    assert (failure.state, failure.outcome, failure.message.attempts) == (
        "given_up",
        "HTTP_500",
        8,
    )
    assert desk.is_done()


def test_event_that_is_accepted_at_last_leaves_no_failure(desk: Desk) -> None:
    desk.post.replies = [FAILS, Reply(reason="TIMED_OUT"), OK]
    event_id = desk.tell()

    assert desk.step() is Outcome.RETRIED
    first = desk.failure(event_id)
    assert (first.state, first.outcome) == ("retrying", "HTTP_500")
    assert first.next_attempt_at == desk.now + timedelta(seconds=5)
    desk.run_for(400)

    assert desk.post.ids == [event_id] * 3
    with pytest.raises(EventNotFound):
        desk.failure(event_id)
    assert desk.is_done()


def test_message_that_comes_early_waits_for_the_rest_of_its_pause(desk: Desk) -> None:
    desk.post.replies = [FAILS, FAILS, FAILS, OK]
    desk.tell()
    desk.run_for(310)
    (message,) = desk.messages()
    assert message.attempts == 3

    sent = len(desk.post.sent)
    desk.clock.advance(900)
    assert desk.step() is Outcome.RETRIED
    assert len(desk.post.sent) == sent
    (still,) = desk.messages()
    assert still == message
    assert desk.step() is None, "it is delayed again"


def test_worker_that_dies_after_the_post_has_it_sent_again_under_the_same_id(desk: Desk) -> None:
    event_id = desk.tell()
    delivery = desk.received()
    assert delivery is not None
    desk.handler.handle(delivery)  # and nothing is deleted

    desk.clock.advance(61)
    assert desk.step() is Outcome.DONE

    assert desk.post.ids == [event_id] * 2
    assert desk.is_done()


def test_worker_that_dies_before_it_deletes_a_failed_one_loses_nothing(desk: Desk) -> None:
    desk.post.replies = [FAILS, OK]
    event_id = desk.tell()
    delivery = desk.received()
    assert delivery is not None
    desk.handler.handle(delivery)

    assert len(desk.queue.bodies) == 2
    desk.run_for(120)

    assert set(desk.post.ids) == {event_id}
    assert desk.is_done()


@pytest.mark.parametrize("bucket", ["store", "outputs"])
def test_event_is_sent_once_though_s3_keeps_no_note_of_the_failure(desk: Desk, bucket: str) -> None:
    desk.post.replies = [FAILS, OK]
    desk.tell()
    desk.endpoints.known()
    getattr(desk, bucket).available = False

    assert desk.step() is Outcome.RETRIED
    getattr(desk, bucket).available = True
    desk.run_for(10)

    assert len(desk.post.sent) == 2
    assert desk.is_done()


def test_event_is_left_alone_while_sqs_is_away(desk: Desk) -> None:
    desk.post.replies = [FAILS, OK]
    event_id = desk.tell()
    delivery = desk.received()
    assert delivery is not None
    desk.queue.available = False

    assert desk.handler.handle(delivery) is Outcome.LEFT_ALONE

    desk.queue.available = True
    desk.run_for(120)
    assert set(desk.post.ids) == {event_id}
    assert desk.is_done()


def test_410_disables_the_webhook_and_later_events_are_not_sent(desk: Desk) -> None:
    desk.post.replies = [GONE]
    event_id = desk.tell()
    desk.tell_more()

    assert desk.step() is Outcome.FAILED
    assert desk.endpoints.get(desk.endpoint.webhook_id).disabled_reason == "GONE"
    assert desk.failure(event_id).outcome == "HTTP_410"

    assert desk.step() is Outcome.FAILED
    outcomes = {each.outcome for each in desk.webhooks.failed(desk.endpoint.webhook_id, limit=10)}
    assert outcomes == {"HTTP_410", "WEBHOOK_DISABLED"}
    assert len(desk.post.sent) == 1
    assert desk.is_done()


@pytest.mark.parametrize("reply", [GONE, FAILS])
def test_address_of_an_upload_says_nothing_of_the_webhook(desk: Desk, reply: Reply) -> None:
    desk.post.replies = [reply]
    desk.call_back()

    desk.run_for(1000)

    assert {url for url, _, _ in desk.post.sent} == {CALLBACK}
    assert desk.state() == "active"


def test_address_of_an_upload_does_not_make_a_failing_webhook_well(desk: Desk) -> None:
    desk.post.replies = [FAILS, FAILS, FAILS, OK]
    desk.tell()
    desk.run_for(310)
    desk.call_back()
    desk.run_for(1)

    assert desk.post.sent[-1][0] == CALLBACK
    assert desk.state() == "failing"


def test_address_of_an_upload_asks_for_no_pause_of_the_webhook(desk: Desk) -> None:
    desk.post.replies = [Reply(status=429, retry_after_s=3600), OK]
    desk.call_back()
    desk.step()
    desk.tell_more()

    desk.run_for(1)

    assert [url for url, _, _ in desk.post.sent] == [CALLBACK, URL]


def test_webhook_is_disabled_after_five_days_without_a_success(desk: Desk) -> None:
    desk.post.replies = [FAILS]
    for day in range(5):
        assert desk.state() == ("active" if day == 0 else "failing")
        desk.tell()
        desk.run_for(24 * 3600, step_s=300)
        while desk.queue.bodies:
            desk.run_for(3600, step_s=300)
    if desk.state() != "disabled":
        desk.tell()
        desk.run_for(24 * 3600, step_s=300)

    assert desk.endpoints.get(desk.endpoint.webhook_id).disabled_reason == "FAILING"


def test_success_makes_a_failing_webhook_well(desk: Desk) -> None:
    desk.post.replies = [FAILS, FAILS, FAILS, OK]
    desk.tell()
    desk.run_for(310)
    assert desk.state() == "failing"

    desk.run_for(2000)

    assert desk.state() == "active"


@pytest.mark.parametrize(
    ("status", "asked_s", "pause_s"),
    [(429, 60, 60), (503, 60, 60), (429, 1, 5), (500, 60, 5), (503, 10**9, 36_000)],
)
def test_receiver_that_asks_to_be_left_alone_is(
    desk: Desk, status: int, asked_s: float, pause_s: float
) -> None:
    desk.post.replies = [Reply(status=status, retry_after_s=asked_s)]
    event_id = desk.tell()

    desk.step()

    next_at = desk.failure(event_id).next_attempt_at
    assert next_at == desk.now + timedelta(seconds=pause_s)


def test_other_events_wait_too_while_a_receiver_wants_to_be_left_alone(desk: Desk) -> None:
    desk.post.replies = [Reply(status=429, retry_after_s=60), OK]
    desk.tell()
    desk.step()
    for _ in range(3):
        desk.outbox.job_ended(failed(new_id(), "B", "why"), batch_id=None, notes={})

    at_s = desk.run_for(130)

    assert len(at_s) == 4
    assert min(at_s) >= 60
    assert desk.is_done()


def test_receiver_that_asks_for_years_is_told_of_other_events_after_ten_hours(desk: Desk) -> None:
    desk.post.replies = [Reply(status=503, retry_after_s=10**9), OK]
    desk.tell()
    desk.step()
    desk.tell_more()

    desk.run_for(11 * 3600, step_s=300)

    assert len(desk.post.sent) == 3
    assert desk.is_done()


def test_event_of_a_removed_webhook_is_dropped(desk: Desk) -> None:
    desk.tell()
    desk.webhooks.remove(desk.endpoint.webhook_id)

    assert desk.step() is Outcome.DISCARDED

    assert desk.post.sent == []
    assert desk.is_done()


def test_slow_webhook_gets_no_more_than_its_share_and_others_get_theirs(desk: Desk) -> None:
    slow, quick = "slow", "quick"
    with_room = [desk.turns.turn(slow) for _ in range(MOST_AT_ONCE + 1)]

    rooms = [each.__enter__() for each in with_room]
    with desk.turns.turn(quick) as room_for_others:
        assert room_for_others
    assert rooms == [True] * MOST_AT_ONCE + [False]
    for each in with_room:
        each.__exit__(None, None, None)
    with desk.turns.turn(slow) as again:
        assert again


def test_webhook_that_failed_gets_one_at_a_time(desk: Desk) -> None:
    desk.turns.ended("it", well=False)

    with desk.turns.turn("it") as first, desk.turns.turn("it") as second:
        assert (first, second) == (True, False)
    desk.turns.ended("it", well=True)
    with desk.turns.turn("it") as first, desk.turns.turn("it") as second:
        assert (first, second) == (True, True)


def test_one_tenant_leaves_room_for_others(desk: Desk) -> None:
    with ExitStack() as under_way:

        def begun(tenant: str) -> int:
            turns = (desk.turns.turn(f"{tenant} {each}", tenant=tenant) for each in range(THREADS))
            return sum(under_way.enter_context(each) for each in turns)

        assert begun("acme") == THREADS // 2
        assert begun("globex") == THREADS // 2
    with desk.turns.turn("acme 1", tenant="acme") as again:
        assert again


def test_webhooks_that_failed_leave_room_for_others(desk: Desk) -> None:
    hooks = [str(each) for each in range(THREADS)]
    for each in hooks:
        desk.turns.ended(each, well=False)

    with ExitStack() as under_way:
        begun = [
            under_way.enter_context(desk.turns.turn(each, tenant=f"of {each}")) for each in hooks
        ]
        assert sum(begun) == THREADS // 2
        assert under_way.enter_context(desk.turns.turn("well", tenant="another"))


def test_event_without_room_comes_again_soon_and_uses_up_no_attempt(desk: Desk) -> None:
    event_id = desk.tell()
    turns = [desk.turns.turn(desk.endpoint.webhook_id) for _ in range(MOST_AT_ONCE)]
    for each in turns:
        each.__enter__()

    assert [desk.step() for _ in range(2)] == [Outcome.RETRIED, None]
    (waiting,) = desk.messages()
    assert (waiting.attempts, waiting.deferred) == (0, 1)

    for each in turns:
        each.__exit__(None, None, None)
    desk.run_for(10)
    assert desk.post.ids == [event_id]
    assert desk.is_done()


def test_four_at_once_are_the_most_for_one_webhook_among_many_threads(desk: Desk) -> None:
    gate, at_once, most = threading.Event(), 0, 0
    lock = threading.Lock()
    began = threading.Semaphore(0)

    def slow_post(url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        began.release()
        gate.wait(30)
        with lock:
            at_once -= 1
        return OK

    for _ in range(10):
        desk.outbox.job_ended(failed(new_id(), "B", "why"), batch_id=None, notes={})
    handler = EventHandler(**{**vars(desk.handler), "post": slow_post})
    deliveries = desk.inbox.receive(limit=10, wait_s=0)
    threads = [threading.Thread(target=handler.handle, args=[each]) for each in deliveries]
    for thread in threads:
        thread.start()
    for _ in range(MOST_AT_ONCE):
        assert began.acquire(timeout=30)
    gate.set()
    for thread in threads:
        thread.join()

    assert most == MOST_AT_ONCE


def test_body_that_is_no_event_is_a_dead_letter_with_a_reason(desk: Desk) -> None:
    desk.queue.send("no event", notes={"tenant": "acme"})

    assert desk.step() is Outcome.DISCARDED

    (letter,) = desk.dead_letters.messages
    assert letter.body == "no event"
    assert "no event" in letter.notes["reason"]
    assert desk.queue.bodies == []


def test_test_is_sent_to_a_disabled_webhook_and_enables_it_if_it_is_accepted(desk: Desk) -> None:
    desk.post.replies = [GONE, FAILS, OK]
    desk.tell()
    desk.step()
    assert desk.state() == "disabled"

    refused = desk.webhooks.test(desk.endpoint.webhook_id)
    assert desk.step() is Outcome.FAILED, "a test is tried once"
    assert desk.failure(refused).state == "given_up"
    assert desk.state() == "disabled"

    accepted = desk.webhooks.test(desk.endpoint.webhook_id)
    assert desk.step() is Outcome.DONE
    assert desk.post.ids[1:] == [refused, accepted]
    assert desk.state() == "active"


def test_event_that_was_given_up_can_be_sent_again_under_its_id(desk: Desk) -> None:
    desk.post.replies = [*[FAILS] * 8, FAILS, OK]
    event_id = desk.tell()
    desk.run_for(sum(PAUSES_S) * 1.1, step_s=60)
    assert desk.failure(event_id).state == "given_up"

    desk.webhooks.replay(desk.endpoint.webhook_id, event_id)
    desk.run_for(60)

    assert desk.post.ids == [event_id] * 10
    with pytest.raises(EventNotFound):
        desk.failure(event_id)
    assert desk.is_done()


def watched(desk: Desk, photos: int) -> Batch:
    listed = [BatchPhoto(job_id=new_id(), image_id=f"{number}.jpg") for number in range(photos)]
    batch = Batch(batch_id=new_id(), collection_id="staff", photos=listed)
    desk.lists.write(batch)
    desk.outbox.batch_accepted(batch)
    return batch


def test_batch_is_told_of_once_when_all_its_photos_are_done(desk: Desk) -> None:
    batch = watched(desk, 3)
    for position in range(3):
        assert desk.run_for(20) == []
        result = failed(new_id(), "A_CODE", "why")
        note_ended(desk.outputs, batch.batch_id, position, result)

    assert len(desk.run_for(300)) == 1

    ((_, _, body),) = desk.post.sent
    told = json.loads(body)
    assert told["type"] == "batch.done"
    assert (told["data"]["total"], told["data"]["done"], told["data"]["failed"]) == (3, 0, 3)
    assert desk.is_done()


def test_batch_is_looked_at_less_often_the_longer_it_takes(desk: Desk) -> None:
    watched(desk, 1)
    desk.run_for(3600, step_s=1)
    before = desk.outputs.listings

    desk.run_for(3600, step_s=1)

    assert 100 <= desk.outputs.listings - before <= 130, "two listings a minute"


def test_batch_that_was_erased_is_watched_no_more(desk: Desk) -> None:
    watched(desk, 1)
    desk.outputs.objects.clear()

    assert desk.step() is Outcome.DISCARDED
    assert desk.is_done()


def test_batch_that_never_ends_is_watched_for_a_week(desk: Desk) -> None:
    watched(desk, 1)
    (watch,) = desk.messages()
    assert isinstance(watch, BatchWatch)
    desk.run_for(20)

    desk.clock.advance(8 * 24 * 3600)
    assert desk.step() is Outcome.DISCARDED
    assert desk.is_done()


def test_details_name_who_is_in_the_result_at_that_time(desk: Desk) -> None:
    result = failed(new_id(), "A_CODE", "why", collection_id="staff")
    full: Endpoint = desk.webhooks.create(
        "https://example.org/full", events=("job.failed",), details=True
    )
    desk.outbox.job_ended(result, batch_id=None, notes={})
    Results(desk.outputs, TENANT).write(result)

    desk.run_for(1)

    told = {url: json.loads(body)["data"] for url, _, body in desk.post.sent}
    assert "message" not in told[URL]
    assert told[full.url]["message"] == "why"


def test_every_attempt_at_an_event_is_in_the_trace_that_it_was_told_in(desk: Desk) -> None:
    desk.post.replies = [FAILS, Reply(reason="TIMED_OUT"), OK]
    with traced() as kept:
        with tracing().entry("request", {}):
            desk.tell()
        for wait_s in (0, PAUSES_S[0], PAUSES_S[1]):
            desk.clock.advance(wait_s)
            delivery = desk.received()
            assert delivery is not None
            with tracing().entry("handle", delivery.message.notes):
                desk.handler.handle(delivery)
            desk.inbox.flush()

    sent = kept["send event"].context
    assert sent is not None
    assert len(kept.traces) == 1
    assert kept.parent_of("send event") == "request"
    handled = [span.parent for span in kept.spans if span.name == "handle"]
    assert [parent and parent.span_id for parent in handled] == [sent.span_id] * 3
    deliveries = [span for span in kept.spans if span.name == "deliver"]
    assert [dict(span.attributes or {}) for span in deliveries] == [
        {"attempt": 1, "http.response.status_code": 500, "error.type": "HTTP_500"},
        {"attempt": 2, "error.type": "TIMED_OUT"},
        {"attempt": 3, "http.response.status_code": 200},
    ]
    assert not [headers for _, headers, _ in desk.post.sent if "traceparent" in headers]
