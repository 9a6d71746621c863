"""Who is told of what, in which words, and what it costs nobody else."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from core.errors import CallbackNotAllowed, MalformedMessage
from core.ground.ids import new_id
from core.ground.realms import WHOLE, Realm, callback_note
from core.jobs.batch_records import Batch, BatchPhoto
from core.jobs.recognition_job import ImageSize, JobDone, JobFailed, failed
from core.jobs.results import Results
from core.jobs.webhooks.addresses import Guard
from core.jobs.webhooks.endpoint_store import Endpoints
from core.jobs.webhooks.endpoints import Endpoint, EventType
from core.jobs.webhooks.events import BatchWatch, DeliveryMessage, message_from
from core.jobs.webhooks.failures import Failures
from core.jobs.webhooks.outbox import Outbox
from core.jobs.webhooks.payloads import payload
from core.submission.webhook_requests import WebhookRequests
from core.testing import ManualClock, MemoryQueue, MemoryStore
from tests.support.faces import MODEL

URL = "https://example.org/hook"
JOB = new_id()


class Desk:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store, self.outputs = MemoryStore(self.clock), MemoryStore(self.clock)
        self.queue = MemoryQueue(clock=self.clock)
        self.outbox = self.outbox_of_another_process()

    def outbox_of_another_process(self) -> Outbox:
        return Outbox(
            queue=self.queue,
            endpoints=Endpoints(self.store, clock=self.clock),
            realm=Realm("acme"),
            now=self.clock,
        )

    def listen(
        self, *events: EventType, url: str = URL, details: bool = False, realm: Realm = WHOLE
    ) -> Endpoint:
        webhooks = WebhookRequests(
            outbox=self.outbox,
            failures=Failures(outputs=self.outputs),
            guard=Guard(),
            realm=realm,
            now=self.clock,
        )
        self.clock.advance(1)
        return webhooks.create(url, events=events, details=details)

    def sent(self) -> list[Any]:
        return [message_from(body) for body in self.queue.bodies]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def done(job_id: str = JOB, collection_id: str = "staff") -> JobDone:
    return JobDone(
        job_id=job_id,
        result="Ada",
        collection_id=collection_id,
        faces=[],
        image=ImageSize(width=1, height=1),
        model=MODEL,
        timings_ms={},
    )


def tell(desk: Desk, result: JobDone | JobFailed, **notes: str) -> None:
    desk.outbox.job_ended(result, batch_id=None, notes=notes)


def test_without_endpoints_nothing_is_sent_and_a_thousand_jobs_cost_one_listing(desk: Desk) -> None:
    for _ in range(1000):
        tell(desk, done(new_id()))

    assert desk.queue.bodies == []
    assert (desk.store.listings, desk.store.gets) == (1, 0)


def test_message_holds_ids_and_the_tenant_and_no_name(desk: Desk) -> None:
    endpoint = desk.listen("job.done", details=True)

    tell(desk, done())

    (message,) = desk.queue.messages
    (sent,) = desk.sent()
    assert message.notes == {"tenant": "acme"}
    assert sent.webhook_id == endpoint.webhook_id
    assert sent.event.data == {"job_id": JOB, "collection_id": "staff", "kind": "recognition"}
    assert "Ada" not in message.body


def test_same_job_gives_the_same_id_and_another_job_another(desk: Desk) -> None:
    desk.listen("job.done")

    tell(desk, done())
    desk.clock.advance(60)
    tell(desk, done())
    tell(desk, done(new_id()))

    ids = [sent.event.event_id for sent in desk.sent()]
    assert ids[0] == ids[1] != ids[2]


def test_endpoints_are_told_of_what_they_asked_for(desk: Desk) -> None:
    ends = desk.listen("job.done", "job.failed")
    failures = desk.listen("job.failed")
    desk.listen("person.erased")

    tell(desk, done())
    tell(desk, failed(JOB, "INVALID_IMAGE", "why", collection_id="staff"))

    told = [(sent.webhook_id, sent.event.type) for sent in desk.sent()]
    assert told == [
        (ends.webhook_id, "job.done"),
        (ends.webhook_id, "job.failed"),
        (failures.webhook_id, "job.failed"),
    ]
    assert desk.sent()[1].event.data["code"] == "INVALID_IMAGE"


def test_endpoint_of_a_narrow_key_hears_of_no_other_collection(desk: Desk) -> None:
    desk.listen("job.done", realm=Realm("acme", ("staff",)))

    tell(desk, done(collection_id="guests"))
    tell(desk, done(collection_id="staff"))

    assert [sent.event.data["collection_id"] for sent in desk.sent()] == ["staff"]


def test_disabled_endpoint_is_told_nothing(desk: Desk) -> None:
    endpoint = desk.listen("job.done")
    now = endpoint.created_at
    desk.outbox.endpoints.change(endpoint.webhook_id, lambda each: each.disabled(now, "GONE"))

    tell(desk, done())

    assert desk.sent() == []


def test_callback_takes_the_place_of_its_endpoint_for_that_job(desk: Desk) -> None:
    called = desk.listen("batch.done")
    other = desk.listen("job.done", url="https://other.example.org/")
    callback = "https://example.org/jobs/17?a=b"

    tell(desk, done(), **callback_note(callback))

    told = {sent.webhook_id: sent.url for sent in desk.sent()}
    assert told == {other.webhook_id: None, called.webhook_id: callback}


def test_callback_is_signed_by_an_endpoint_that_is_enabled(desk: Desk) -> None:
    former, later = desk.listen("job.done"), desk.listen("batch.done")
    now = former.created_at
    desk.outbox.endpoints.change(former.webhook_id, lambda each: each.disabled(now, "GONE"))

    tell(desk, done(), **callback_note("https://example.org/jobs/17"))

    assert [sent.webhook_id for sent in desk.sent()] == [later.webhook_id]


def test_callback_to_the_address_of_a_webhook_is_an_event_of_it(desk: Desk) -> None:
    desk.listen("job.done")

    tell(desk, done(), **callback_note(URL))

    assert [sent.url for sent in desk.sent()] == [None]


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/",
        "https://example.org:8443/",
        "https://example.org.elsewhere.example/",
        "https://sub.example.org/",
    ],
)
def test_callback_to_another_host_or_port_is_refused(desk: Desk, url: str) -> None:
    desk.listen("job.done")
    desk.outbox.check_callback("https://EXAMPLE.org:443/any", Guard())

    with pytest.raises(CallbackNotAllowed):
        desk.outbox.check_callback(url, Guard())


def test_callback_to_an_endpoint_of_this_moment_is_allowed(desk: Desk) -> None:
    other_process = desk.outbox_of_another_process()
    with pytest.raises(CallbackNotAllowed):
        other_process.check_callback(URL, Guard())

    desk.listen("job.done")

    other_process.check_callback(URL, Guard())


def batch() -> Batch:
    photos = [BatchPhoto(job_id=new_id(), image_id="ada.jpg")]
    return Batch(batch_id=new_id(), collection_id="staff", person="Ada", photos=photos)


def test_batch_is_watched_only_if_someone_listens(desk: Desk) -> None:
    desk.outbox.batch_accepted(batch())
    assert desk.sent() == []

    desk.listen("batch.done")
    accepted = batch()
    desk.outbox.batch_accepted(accepted)

    (watch,) = desk.sent()
    assert isinstance(watch, BatchWatch)
    assert watch.batch_id == accepted.batch_id
    assert "Ada" not in desk.queue.bodies[0]


def test_batch_is_watched_for_a_webhook_that_another_process_has_just_made(desk: Desk) -> None:
    other_process = desk.outbox_of_another_process()
    other_process.batch_accepted(batch())
    desk.listen("batch.done")

    other_process.batch_accepted(batch())

    assert len(desk.sent()) == 1


def test_end_of_a_batch_is_told_with_its_counts_under_one_id(desk: Desk) -> None:
    desk.listen("batch.done")
    accepted = batch()

    for _ in range(2):
        desk.outbox.batch_done(accepted, done=1, failed=0)

    first, second = desk.sent()
    assert first.event.event_id == second.event.event_id
    assert first.event.data == {
        "batch_id": accepted.batch_id,
        "collection_id": "staff",
        "total": 1,
        "done": 1,
        "failed": 0,
    }


def test_erased_person_has_no_name_and_the_owner_of_the_secret_can_tell_who_it_was(
    desk: Desk,
) -> None:
    thin = desk.listen("person.erased")
    full = desk.listen("person.erased", details=True)

    desk.outbox.person_erased("staff", "Ada", receipt_id="r", faces=2, jobs=3)

    told = {sent.webhook_id: sent.event.data for sent in desk.sent()}
    counts = {"collection_id": "staff", "receipt_id": "r", "faces": 2, "jobs": 3}
    key = full.secrets[0].secret.removeprefix("whsec_").encode()
    expected = hmac.new(key, b"staff/Ada", hashlib.sha256).hexdigest()
    assert told[thin.webhook_id] == counts
    assert told[full.webhook_id] == {**counts, "person_hash": expected}
    assert all("Ada" not in body for body in desk.queue.bodies)


def test_names_are_those_of_the_result_at_the_time_of_sending(desk: Desk) -> None:
    desk.listen("job.done", details=True)
    tell(desk, done())
    (sent,) = desk.sent()
    results = Results(desk.outputs, Realm("acme"))

    before = json.loads(payload(sent.event, results))
    results.write(done())
    after = json.loads(payload(sent.event, results))
    of_another_tenant = json.loads(payload(sent.event, Results(desk.outputs)))

    assert "result" not in before["data"]
    assert after["data"]["result"] == "Ada"
    assert "result" not in of_another_tenant["data"]
    assert (after["type"], set(after)) == ("job.done", {"type", "timestamp", "data"})
    assert "Ada" not in payload(sent.event, None).decode()


def test_body_that_is_no_event_is_malformed() -> None:
    for body in ("", "{}", '{"kind":"delivery"}', f"{JOB}_a.jpg"):
        with pytest.raises(MalformedMessage):
            message_from(body)


def test_message_is_read_as_it_was_written(desk: Desk) -> None:
    desk.listen("job.done")
    tell(desk, done())

    (body,) = desk.queue.bodies
    sent = message_from(body)
    assert isinstance(sent, DeliveryMessage)
    assert sent.model_dump_json() == body
