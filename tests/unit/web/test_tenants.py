"""Two tenants do the same, and neither sees a trace of the other."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.access.key_store import KeyStore
from core.ground.ids import new_id
from core.jobs.recognition_job import Job
from tests.support.faces import face
from tests.unit.web.test_door import KEYS, headers
from tests.unit.web.web_fixture import PHOTO, WebFixture, assert_error, base64_of, json_of

SETTINGS = KEYS.model_copy(update={"allowed_buckets": ("theirs:album",)})


class Tenant:
    """A tenant's client."""

    def __init__(self, web: WebFixture, name: str, **key: Any) -> None:
        self.web = web
        store = KeyStore(store=web.gallery)
        self.key = headers(store.create(name, scopes=["admin"], tenant=name, **key)[1])

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        return self.web.client.open(path, method=method, headers=self.key, **options)

    def create(self, collection_id: str) -> None:
        made = self.call("POST", "/collections", json={"collection_id": collection_id})
        assert made.status_code == 201, made.text

    def enrol(self, person: str, collection_id: str = "staff") -> str:
        """Index a photo of a person; return its job."""
        response = self.call(
            "POST",
            "/faces/index",
            json={
                "collection_id": collection_id,
                "image_id": "one",
                "image": base64_of(PHOTO),
                "person": person,
            },
        )
        job_id: str = json_of(response, 202)["job_id"]
        self.web.worker.run_once()
        return job_id

    def upload(self, collection_id: str = "staff", **more: str) -> str:
        """Upload the photo and wait for nothing; return its job."""
        response = self.web.send_form(
            "/",
            files={"inputFile": ("a.jpg", PHOTO)},
            fields={"collection_id": collection_id},
            headers={**self.key, "Prefer": "respond-async", **more},
        )
        job_id: str = json_of(response, 202)["job_id"]
        return job_id

    def status(self, job_id: str) -> TestResponse:
        return self.call("GET", f"/status/{job_id}")

    def people(self) -> set[str]:
        listed = json_of(self.call("GET", "/collections/staff/faces"))
        return {each["person"] for each in listed["faces"]}


class Pair:
    """Two tenants of one service, each with a collection of the same id."""

    def __init__(self) -> None:
        self.web = WebFixture(settings=SETTINGS, answers_after_s=None)
        self.web.shows(PHOTO, face())
        self.ours, self.theirs = Tenant(self.web, "ours"), Tenant(self.web, "theirs")
        for tenant in (self.ours, self.theirs):
            tenant.create("staff")


@pytest.fixture
def pair() -> Pair:
    return Pair()


def same_but_for_the_id(response: TestResponse, given: str, other: str) -> str:
    answer = response.get_json()
    del answer["request_id"]
    return json.dumps(answer).replace(given, other)


def test_each_names_its_own_people(pair: Pair) -> None:
    pair.ours.enrol("Ada")
    pair.theirs.enrol("Grace")

    jobs = pair.ours.upload(), pair.theirs.upload()
    pair.web.worker.run_once()

    assert pair.ours.people() == {"Ada"}
    assert pair.theirs.people() == {"Grace"}
    assert json_of(pair.ours.status(jobs[0]))["result"] == "Ada"
    assert json_of(pair.theirs.status(jobs[1]))["result"] == "Grace"


def test_same_idempotency_key_is_another_job_for_another_tenant(pair: Pair) -> None:
    ours = pair.ours.upload(**{"Idempotency-Key": "1"})
    theirs = pair.theirs.upload(**{"Idempotency-Key": "1"})

    assert ours != theirs
    assert pair.ours.upload(**{"Idempotency-Key": "1"}) == ours
    assert len(pair.web.queue.bodies) == 2


def test_idempotency_key_of_a_caller_with_other_collections_was_never_used(pair: Pair) -> None:
    pair.ours.create("guests")
    door = Tenant(pair.web, "ours", collections=["guests"])
    pair.ours.upload("staff", **{"Idempotency-Key": "1"})

    theirs = door.upload("guests", **{"Idempotency-Key": "1"})

    assert door.upload("guests", **{"Idempotency-Key": "1"}) == theirs
    assert len(pair.web.queue.bodies) == 2


@pytest.mark.parametrize("is_answered", [False, True])
def test_job_of_another_tenant_was_never_issued(pair: Pair, is_answered: bool) -> None:
    job = pair.theirs.upload()
    if is_answered:
        pair.web.worker.run_once()
    never = new_id()

    seen = pair.ours.status(job)

    assert_error(seen, 404, "JOB_NOT_FOUND")
    assert same_but_for_the_id(seen, job, never) == same_but_for_the_id(
        pair.ours.status(never), never, never
    )
    assert pair.theirs.status(job).status_code == (200 if is_answered else 202)


def test_failed_job_of_another_tenant_was_never_issued(pair: Pair) -> None:
    job = pair.theirs.upload()
    pair.web.inputs.objects.clear()
    pair.web.worker.run_once()
    pair.web.memory.clock.advance(10)

    assert json_of(pair.theirs.status(job))["error"]["code"] == "INPUT_MISSING"
    assert_error(pair.ours.status(job), 404, "JOB_NOT_FOUND")


def test_batch_of_another_tenant_was_never_issued(pair: Pair) -> None:
    pair.web.album.objects["1.jpg"] = PHOTO
    body = {"collection_id": "staff", "s3_keys": ["1.jpg"]}
    answer = pair.theirs.call("POST", "/faces/index/batch", json=body)
    batch = json_of(answer, 202)["batch_id"]
    never = new_id()

    seen = pair.ours.call("GET", f"/batches/{batch}")

    assert_error(seen, 404, "BATCH_NOT_FOUND")
    assert same_but_for_the_id(seen, batch, never) == same_but_for_the_id(
        pair.ours.call("GET", f"/batches/{never}"), never, never
    )
    pair.web.worker.run_once()
    assert json_of(pair.theirs.call("GET", f"/batches/{batch}"))["done"] == 1
    assert pair.ours.people() == set()


def test_bucket_of_another_tenant_is_not_allowed(pair: Pair) -> None:
    pair.web.album.objects["1.jpg"] = PHOTO
    batch = {"collection_id": "staff", "s3_keys": ["1.jpg"], "s3_bucket": "album"}
    photo = {"s3_key": "1.jpg", "s3_bucket": "album"}

    seen = pair.ours.call("POST", "/faces/index/batch", json=batch)
    assert_error(seen, 400, "BUCKET_NOT_ALLOWED")
    seen = pair.ours.call("POST", "/faces/detect", json=photo)
    assert_error(seen, 400, "BUCKET_NOT_ALLOWED")
    assert pair.theirs.call("POST", "/faces/detect", json={"s3_key": "1.jpg"}).status_code == 200


def test_collections_of_another_tenant_are_not_listed(pair: Pair) -> None:
    pair.theirs.create("secret")

    listed = json_of(pair.ours.call("GET", "/collections"))["collections"]

    assert [each["collection_id"] for each in listed] == ["staff"]
    assert_error(pair.ours.call("GET", "/collections/secret"), 404, "COLLECTION_NOT_FOUND")


@pytest.mark.parametrize(
    "erase",
    [
        lambda ours: ours.call("DELETE", "/collections/staff/persons/Ada"),
        lambda ours: ours.call("DELETE", "/collections/staff"),
    ],
)
def test_erasure_touches_nothing_of_another_tenant(
    pair: Pair, erase: Callable[[Tenant], TestResponse]
) -> None:
    job = pair.theirs.enrol("Ada")
    pair.ours.enrol("Ada")
    waiting = pair.theirs.upload()

    assert erase(pair.ours).status_code == 204

    assert pair.theirs.people() == {"Ada"}
    assert json_of(pair.theirs.status(job))["status"] == "done"
    pair.web.worker.run_once()
    assert json_of(pair.theirs.status(waiting))["result"] == "Ada"


def test_erasure_finds_all_of_its_own_tenant(pair: Pair) -> None:
    job = pair.ours.enrol("Ada")
    named = pair.ours.upload()
    pair.web.worker.run_once()
    assert json_of(pair.ours.status(named))["result"] == "Ada"

    assert pair.ours.call("DELETE", "/collections/staff/persons/Ada").status_code == 204

    for each in (job, named):
        assert_error(pair.ours.status(each), 404, "JOB_NOT_FOUND")
    everything = b"".join(
        body
        for bucket in (pair.web.inputs, pair.web.outputs, pair.web.gallery)
        for body in bucket.objects.values()
    )
    assert b"Ada" not in everything
    assert PHOTO not in everything


def test_key_of_some_collections_sees_no_jobs_of_others(pair: Pair) -> None:
    pair.ours.create("guests")
    some = Tenant(pair.web, "ours", collections=["guests"])
    answered, failed, pending = (pair.ours.upload() for _ in range(3))
    for key in list(pair.web.inputs.objects):
        if key.startswith(failed):
            pair.web.inputs.objects[key] = PHOTO[:40]
    pair.web.worker.run_once()
    pending = pair.ours.upload()

    for job in (answered, failed, pending):
        assert pair.ours.status(job).status_code in (200, 202)
        assert_error(some.status(job), 404, "JOB_NOT_FOUND")
    own = some.upload("guests")
    assert some.status(own).status_code == 202


def test_keys_of_objects_and_bodies_of_messages_are_the_same_for_all(pair: Pair) -> None:
    job = pair.ours.upload()

    (message,) = pair.web.queue.messages
    (key,) = [key for key in pair.web.inputs.objects if key.startswith(job)]
    assert key == message.body == Job(job_id=job, filename="a.jpg").body
    assert message.notes == {"tenant": "ours"}
    assert pair.web.inputs.notes(key).metadata["tenant"] == "ours"
    pair.web.worker.run_once()
    assert pair.web.outputs.notes(job).metadata["tenant"] == "ours"


def test_message_under_another_tenant_does_not_reach_a_photo(pair: Pair) -> None:
    job = pair.theirs.upload()
    (message,) = pair.web.queue.messages
    pair.web.queue.delete_many(pair.web.queue.receive(limit=1, wait_s=0))
    pair.web.queue.send(message.body, notes={"tenant": "ours"})
    pair.web.worker.run_once()

    assert json_of(pair.ours.status(job))["error"]["code"] == "INPUT_MISSING"


def test_without_tenants_nothing_is_noted() -> None:
    web = WebFixture(answers_after_s=None)
    web.upload(Prefer="respond-async")

    assert [dict(message.notes) for message in web.queue.messages] == [{}]
    (key,) = web.inputs.objects
    assert "tenant" not in web.inputs.notes(key).metadata


def test_waiting_job_that_is_erased_ends_for_its_own_tenant_only(pair: Pair) -> None:
    waiting = pair.ours.upload()

    assert pair.ours.call("DELETE", "/collections/staff").status_code == 204

    assert json_of(pair.ours.status(waiting))["error"]["code"] == "ERASED"
    assert pair.web.outputs.notes(waiting).metadata == {"tenant": "ours"}
    assert_error(pair.theirs.status(waiting), 404, "JOB_NOT_FOUND")
