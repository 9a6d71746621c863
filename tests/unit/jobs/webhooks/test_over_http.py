"""Webhooks over HTTP: who may have them, and what a receiver gets of what happens."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from core.errors import QueueUnavailable
from core.ground.ids import new_id
from core.testing import MemoryStore
from tests.support.faces import face
from tests.support.half_away import HalfAway
from tests.support.services.receiver import Receiver
from tests.unit.web.test_door import KEYS
from tests.unit.web.test_tenants import Tenant, same_but_for_the_id
from tests.unit.web.web_fixture import PHOTO, WebFixture, assert_error, json_of, photo_number

SETTINGS = KEYS.model_copy(
    update={"webhook_allow_private": ("127.0.0.0/8",), "allowed_buckets": ("ours:album",)}
)
EVENTS = ["job.done", "job.failed", "batch.done", "person.erased"]


class Service:
    """A web tier and a worker in memory, a tenant and its receiver."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.web = WebFixture(settings=SETTINGS, answers_after_s=None)
        # Receivers refuse what was not signed now.
        self.web.memory.clock.advance(datetime.now(UTC).timestamp() - self.web.memory.clock())
        self.web.shows(PHOTO, face())
        self.events = self.web.memory.queue(SETTINGS.sqs_webhook_queue_name)
        self.ours, self.theirs = Tenant(self.web, "ours"), Tenant(self.web, "theirs")
        for tenant in (self.ours, self.theirs):
            tenant.create("staff")

    def listen(self, *events: str, tenant: Tenant | None = None, **more: Any) -> dict[str, Any]:
        body = {"url": f"{self.receiver.address}/hook", "events": events or EVENTS, **more}
        made = (tenant or self.ours).call("POST", "/webhooks", json=body)
        return json_of(made, 201)

    def work(self) -> None:
        """Let the worker do all that there is."""
        for _ in range(20):
            self.web.worker.run_once()

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(got.event["type"], got.event["data"]) for got in self.receiver.received]


@pytest.fixture
def service() -> Iterator[Service]:
    with Receiver() as receiver:
        yield Service(receiver)


def test_receiver_is_told_of_a_job_and_verifies_it(service: Service) -> None:
    made = service.listen()
    job = service.ours.upload()

    service.work()

    (got,) = service.receiver.received
    assert Webhook(made["secret"]).verify(got.body, got.headers) == got.event
    data = {"job_id": job, "collection_id": "staff", "kind": "recognition"}
    assert service.told == [("job.done", data)]
    assert service.events.bodies == []


def test_thin_events_hold_no_name_and_details_name_everyone(service: Service) -> None:
    service.listen()
    service.listen(details=True)
    service.ours.enrol("Ada")
    service.work()
    service.ours.upload()
    service.work()

    thin = [data for _, data in service.told if not {"names", "person"} & set(data)]
    full = [data for _, data in service.told if {"names", "person"} & set(data)]
    assert len(thin) == len(full) == 2
    assert "Ada" not in json.dumps(thin)
    indexed, recognised = full
    assert (indexed["person"], indexed["names"]) == ("Ada", ["Ada"])
    assert (recognised["result"], recognised["names"]) == ("Ada", ["Ada"])


def test_name_of_an_erased_person_is_told_to_nobody_who_was_not_told_before(
    service: Service,
) -> None:
    service.listen(details=True)
    service.ours.enrol("Ada")
    for _ in range(3):  # recognised, and the event has not left yet
        service.web.worker.run_once()
        if service.events.bodies:
            break
    before = len(service.receiver.received)

    assert service.ours.call("DELETE", "/collections/staff/persons/Ada").status_code == 204
    service.work()

    later = service.receiver.received[before:]
    assert [got.event["type"] for got in later][-1] == "person.erased"
    assert all("Ada" not in got.body for got in later)
    assert later[-1].event["data"]["faces"] == 1


def test_failed_job_is_told_with_its_code(service: Service) -> None:
    service.listen("job.failed")
    service.ours.upload()
    service.web.inputs.objects.clear()

    service.work()

    ((kind, data),) = service.told
    assert (kind, data["code"]) == ("job.failed", "INPUT_MISSING")


def test_job_is_not_over_before_its_event_is_on_its_way(service: Service) -> None:
    events = HalfAway(service.events, QueueUnavailable)
    service.web.memory.queues[SETTINGS.sqs_webhook_queue_name] = events
    service.listen()
    job = service.ours.upload()
    events.refuses = lambda method, _: method == "send_many"
    service.web.worker.run_once()
    assert json_of(service.ours.status(job))["status"] == "done"
    assert len(service.web.queue.bodies) == 1

    events.refuses = lambda method, _: False
    for _ in range(10):
        service.web.memory.clock.advance(5)
        service.work()

    assert [data["job_id"] for _, data in service.told] == [job]
    assert service.web.queue.bodies == []


def test_job_that_took_every_worker_down_is_told_as_failed_and_once(service: Service) -> None:
    service.listen("job.failed")
    callback = f"{service.receiver.address}/lost"
    job = json_of(upload(service, callback), 202)["job_id"]
    (message,) = service.web.queue.receive(limit=1, wait_s=0)
    service.web.queue.delete_many([message])
    dead_letters = service.web.memory.queue(SETTINGS.dead_letter_queue_name)
    dead_letters.send(message.body, notes=message.notes)

    for _ in range(5):
        service.web.memory.clock.advance(SETTINGS.dead_letter_sweep_seconds)
        service.work()

    (got,) = service.receiver.received
    assert (got.path, got.event["data"]["job_id"]) == ("/lost", job)
    assert got.event["data"]["code"] == "JOB_ABANDONED"


def test_job_that_comes_again_is_told_under_the_same_id(service: Service) -> None:
    service.listen()
    service.ours.upload()
    (message,) = service.web.queue.messages
    service.work()
    service.web.queue.send(message.body, notes=message.notes)
    (again,) = service.web.queue.receive(limit=1, wait_s=0)
    service.web.queue.set_visibility(again, 0)

    service.work()

    assert len(service.receiver.ids) == 2
    assert len(set(service.receiver.ids)) == 1


def test_end_of_a_batch_is_told_once(service: Service) -> None:
    service.listen("batch.done")
    service.web.album.objects |= {"1.jpg": PHOTO, "2.txt": b"no photo"}
    body = {"collection_id": "staff", "s3_bucket": "album", "s3_prefix": ""}
    answer = service.ours.call("POST", "/faces/index/batch", json=body)
    batch = json_of(answer, 202)["batch_id"]

    for _ in range(10):
        service.web.memory.clock.advance(2)
        service.work()

    counts = {"total": 2, "done": 1, "failed": 1}
    assert service.told == [("batch.done", {"batch_id": batch, "collection_id": "staff", **counts})]


def test_end_of_a_batch_is_not_told_to_a_webhook_that_was_made_later(service: Service) -> None:
    service.web.album.objects["1.jpg"] = PHOTO
    body = {"collection_id": "staff", "s3_bucket": "album", "s3_prefix": ""}
    assert service.ours.call("POST", "/faces/index/batch", json=body).status_code == 202

    service.listen("batch.done")
    for _ in range(10):
        service.web.memory.clock.advance(2)
        service.work()

    assert service.told == []


def test_tenant_is_told_of_its_own_jobs_only(service: Service) -> None:
    service.listen(tenant=service.theirs)
    service.ours.upload()
    job = service.theirs.upload()

    service.work()

    assert [data["job_id"] for _, data in service.told] == [job]


def test_webhook_of_another_tenant_never_was(service: Service) -> None:
    made = service.listen(tenant=service.theirs)["webhook_id"]
    never, event = new_id(), new_id()

    for method, rest, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/secret", {}),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("POST", f"/deliveries/{event}/replay", None),
    ):
        seen = service.ours.call(method, f"/webhooks/{made}{rest}", json=body)
        assert_error(seen, 404, "WEBHOOK_NOT_FOUND")
        as_never = service.ours.call(method, f"/webhooks/{never}{rest}", json=body)
        assert same_but_for_the_id(seen, made, never) == same_but_for_the_id(as_never, never, never)
    assert json_of(service.ours.call("GET", "/webhooks")) == {"webhooks": []}
    assert json_of(service.theirs.call("GET", f"/webhooks/{made}"))["webhook_id"] == made


def test_secret_is_shown_once_and_lies_in_the_part_of_its_tenant(service: Service) -> None:
    made = service.listen()

    listed = json_of(service.ours.call("GET", "/webhooks"))["webhooks"]
    described = json_of(service.ours.call("GET", f"/webhooks/{made['webhook_id']}"))

    assert listed == [described] == [{k: v for k, v in made.items() if k != "secret"}]
    holding = [
        key for key, body in service.web.gallery.objects.items() if made["secret"].encode() in body
    ]
    assert holding == [f"tenants/ours/webhooks/{made['webhook_id']}.json"]


def test_former_secret_signs_beside_the_new_one_and_then_no_more(service: Service) -> None:
    made = service.listen()
    path = f"/webhooks/{made['webhook_id']}/secret"

    rotated = json_of(service.ours.call("POST", path, json={"keep_hours": 1}))
    service.ours.upload()
    service.work()
    (got,) = service.receiver.received
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(got.body, got.headers)

    json_of(service.ours.call("POST", path, json={"keep_hours": 0}))
    service.web.memory.clock.advance(5)
    service.ours.upload()
    service.work()
    assert len(service.receiver.received[1].headers["webhook-signature"].split(" ")) == 1


def test_test_reaches_the_receiver(service: Service) -> None:
    made = service.listen("batch.done")

    sent = json_of(service.ours.call("POST", f"/webhooks/{made['webhook_id']}/test"), 202)
    service.work()

    assert service.receiver.ids == [sent["event_id"]]
    assert service.told == [("webhook.test", {})]


def test_failures_are_listed_in_pages_and_sent_again_on_demand() -> None:
    is_well = False
    with Receiver(lambda _: 200 if is_well else 410) as receiver:
        service = Service(receiver)
        path = f"/webhooks/{service.listen()['webhook_id']}"
        jobs = {service.ours.upload() for _ in range(3)}
        service.work()

        listed, token = [], ""
        while token is not None:
            page = json_of(
                service.ours.call("GET", f"{path}/deliveries?limit=2&next_token={token}")
            )
            listed += page["deliveries"]
            token = page["next_token"]
        assert {each["data"]["job_id"] for each in listed} == jobs
        assert {each["state"] for each in listed} == {"given_up"}
        described = json_of(service.ours.call("GET", path))
        assert (described["state"], described["disabled_reason"]) == ("disabled", "GONE")

        is_well = True
        service.web.memory.clock.advance(5)
        service.ours.call("POST", f"{path}/test")
        service.work()
        service.web.memory.clock.advance(5)
        for each in listed:
            again = service.ours.call("POST", f"{path}/deliveries/{each['event_id']}/replay")
            assert json_of(again, 202)["event_id"] == each["event_id"]
        service.work()

        assert json_of(service.ours.call("GET", f"{path}/deliveries"))["deliveries"] == []
        assert {each["event_id"] for each in listed} <= set(receiver.accepted)
        missing = service.ours.call("POST", f"{path}/deliveries/{new_id()}/replay")
        assert_error(missing, 404, "EVENT_NOT_FOUND")


def upload(service: Service, callback: str) -> TestResponse:
    return service.web.send_form(
        "/",
        files={"inputFile": ("a.jpg", PHOTO)},
        fields={"collection_id": "staff", "callback_url": callback},
        headers={**service.ours.key, "Prefer": "respond-async"},
    )


def test_callback_of_one_upload_is_told_of_that_job_only(service: Service) -> None:
    service.listen("batch.done")

    asked = upload(service, f"{service.receiver.address}/jobs/17")
    service.ours.upload()
    service.work()

    (got,) = service.receiver.received
    assert got.path == "/jobs/17"
    assert got.event["data"]["job_id"] == json_of(asked, 202)["job_id"]


def test_callback_to_a_host_without_a_webhook_is_refused_and_nothing_is_stored(
    service: Service,
) -> None:
    service.listen(tenant=service.theirs)
    elsewhere = service.listen()["webhook_id"]
    service.ours.call("DELETE", f"/webhooks/{elsewhere}")

    refused = upload(service, f"{service.receiver.address}/jobs/17")

    assert_error(refused, 400, "CALLBACK_NOT_ALLOWED")
    assert_error(upload(service, "https://10.0.0.1/"), 400, "WEBHOOK_URL_REFUSED")
    assert service.web.is_empty()


def test_photo_with_a_callback_is_recognised_although_it_had_an_answer(service: Service) -> None:
    service.listen("batch.done")
    service.ours.upload()
    service.work()
    assert service.told == []

    upload(service, f"{service.receiver.address}/again")
    service.work()

    assert [kind for kind, _ in service.told] == ["job.done"]


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/", "http://example.org/", "https://169.254.169.254/"]
)
def test_url_to_which_nothing_is_sent_is_refused(service: Service, url: str) -> None:
    body = {"url": url, "events": ["job.done"]}

    refused = service.ours.call("POST", "/webhooks", json=body)

    assert_error(refused, 400, "WEBHOOK_URL_REFUSED")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "https://example.org/"},
        {"url": "https://example.org/", "events": []},
        {"url": "https://example.org/", "events": ["job.done", "job.done"]},
        {"url": "https://example.org/", "events": ["unknown.seen"]},
        {"url": "https://example.org/", "events": ["job.done"], "details": "yes"},
        {"url": "https://example.org/", "events": ["job.done"], "secret": "mine"},
    ],
)
def test_webhook_that_is_not_described_so_is_refused(
    service: Service, body: dict[str, object]
) -> None:
    assert_error(service.ours.call("POST", "/webhooks", json=body), 400, "INVALID_REQUEST")


def test_twenty_webhooks_are_the_most_of_a_tenant(service: Service) -> None:
    for _ in range(20):
        service.listen()

    body = {"url": f"{service.receiver.address}/", "events": ["job.done"]}
    refused = service.ours.call("POST", "/webhooks", json=body)
    assert_error(refused, 409, "TOO_MANY_WEBHOOKS")
    service.listen(tenant=service.theirs)


def test_key_of_some_collections_sees_and_makes_webhooks_for_these_only(service: Service) -> None:
    whole = service.listen()["webhook_id"]
    some = Tenant(service.web, "ours", collections=["guests"])
    service.ours.create("guests")
    narrow = service.listen(tenant=some)["webhook_id"]

    assert_error(some.call("GET", f"/webhooks/{whole}"), 404, "WEBHOOK_NOT_FOUND")
    listed = json_of(some.call("GET", "/webhooks"))["webhooks"]
    assert [each["webhook_id"] for each in listed] == [narrow]
    service.ours.call("DELETE", f"/webhooks/{whole}")
    service.web.memory.clock.advance(5)
    service.ours.upload("staff")
    service.ours.upload("guests")
    service.work()
    assert [data["collection_id"] for _, data in service.told] == ["guests"]


def test_removed_webhook_leaves_nothing_behind() -> None:
    with Receiver(lambda _: 500) as receiver:
        service = Service(receiver)
        made = service.listen()["webhook_id"]
        service.ours.upload()
        service.work()
        assert any(made in key for key in service.web.outputs.objects)

        assert service.ours.call("DELETE", f"/webhooks/{made}").status_code == 204

        for bucket in (service.web.gallery, service.web.outputs):
            assert not any(made in key for key in bucket.objects)


def test_jobs_of_a_service_without_webhooks_ask_for_these_once_in_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed: list[str] = []
    page = MemoryStore.page

    def noted(store: MemoryStore, prefix: str, **options: Any) -> dict[str, str]:
        listed.append(prefix)
        return page(store, prefix, **options)

    monkeypatch.setattr(MemoryStore, "page", noted)
    web = WebFixture(answers_after_s=None)
    web.memory.seconds_a_photo = 0
    for number in range(30):
        web.upload(photo_number(number), Prefer="respond-async")

    while web.queue.bodies:
        web.worker.run_once()

    assert len(web.outputs.objects) == 30
    assert listed.count("webhooks/") == 1
    assert web.memory.queue("webhook-queue").bodies == []
