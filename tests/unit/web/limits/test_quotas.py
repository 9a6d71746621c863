"""How much each tenant may have."""

from typing import Any

from werkzeug.test import TestResponse

from core.access.key_store import KeyStore
from core.access.limits.quotas import FRESH_S
from core.jobs.index_job import IndexDone
from tests.support.faces import face
from tests.unit.web.test_door import headers
from tests.unit.web.web_fixture import (
    PHOTO,
    SETTINGS,
    WebFixture,
    assert_error,
    base64_of,
    json_of,
    photo_number,
)


def web_with(**quotas: Any) -> WebFixture:
    return WebFixture(settings=SETTINGS.model_copy(update=quotas))


def index(
    web: WebFixture,
    image_id: str,
    photo: bytes = PHOTO,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    return web.client.post(
        "/faces/index",
        json={"collection_id": "staff", "image_id": image_id, "image": base64_of(photo)},
        headers=headers,
    )


def reasons(done: IndexDone) -> list[str]:
    return [each.reason for each in done.unindexed_faces]


def test_collections_beyond_the_quota_are_refused() -> None:
    web = web_with(max_collections=2)
    web.create("a")
    web.create("b")

    refused = web.client.post("/collections", json={"collection_id": "c"})
    assert_error(refused, 403, "QUOTA_EXCEEDED", retryable=False)

    web.client.delete("/collections/a")
    web.create("c")


def test_photos_to_enrol_are_refused_when_there_are_as_many_faces_as_may_be() -> None:
    web = web_with(max_faces=2)
    web.create("staff")
    web.enrol("staff", "a", face(0.1))
    web.enrol("staff", "b", face(0.5))
    web.memory.clock.advance(FRESH_S)

    assert_error(index(web, "c"), 403, "QUOTA_EXCEEDED", retryable=False)
    batch = {"collection_id": "staff", "s3_bucket": "album", "s3_keys": ["1.jpg"]}
    assert_error(web.client.post("/faces/index/batch", json=batch), 403, "QUOTA_EXCEEDED")
    assert not web.index_queue.bodies

    (known,) = json_of(web.client.get("/collections/staff/faces?limit=1"))["faces"]
    web.client.delete(f"/collections/staff/faces/{known['face_id']}")
    web.memory.clock.advance(FRESH_S)
    assert index(web, "c").status_code == 202


def test_faces_of_all_collections_count() -> None:
    web = web_with(max_faces=2)
    web.create("staff")
    web.create("guests")
    web.enrol("staff", "a", face(0.1))
    web.enrol("guests", "b", face(0.5))
    web.memory.clock.advance(FRESH_S)

    assert_error(index(web, "c"), 403, "QUOTA_EXCEEDED")


def test_worker_leaves_out_faces_beyond_the_quota() -> None:
    web = web_with(max_faces=2)
    web.create("staff")
    done = web.enrol("staff", "a", face(0.1), face(0.5), face(0.9))

    assert len(done.face_records) == 2
    assert reasons(done) == ["QUOTA_EXCEEDED"]


def test_worker_knows_the_faces_that_it_has_just_added() -> None:
    web = web_with(max_faces=3)
    web.create("staff")
    for number in range(4):
        photo = photo_number(number)
        web.shows(photo, face(0.2 * number))
        json_of(index(web, f"{number}", photo), 202)

    ended = web.index_all()
    assert [len(done.face_records) for done in ended if isinstance(done, IndexDone)].count(1) == 3
    assert len(json_of(web.client.get("/collections/staff/faces"))["faces"]) == 3


def test_face_that_is_enrolled_again_is_no_further_one() -> None:
    web = web_with(max_faces=2)
    web.create("staff")
    web.enrol("staff", "a", face(0.1))
    for number, image_id in enumerate("aba"):  # all accepted while there was room for one more
        web.shows(photo_number(number), face(0.2 + 0.2 * number))
        json_of(index(web, image_id, photo_number(number)), 202)
    ended = web.index_all()

    assert [reasons(done) for done in ended if isinstance(done, IndexDone)] == [[], [], []]
    assert len(json_of(web.client.get("/collections/staff/faces"))["faces"]) == 2


def test_jobs_beyond_the_quota_are_refused_and_leave_nothing() -> None:
    web = web_with(max_jobs=2)
    web.answers_after_s = None
    web.create("staff")
    assert web.upload(Prefer="respond-async").status_code == 202
    assert index(web, "a").status_code == 202
    stored = len(web.inputs.objects)

    refused = web.upload(Prefer="respond-async")
    assert_error(refused, 429, "TOO_MANY_JOBS", retryable=True)
    assert_error(index(web, "b"), 429, "TOO_MANY_JOBS")
    batch = {"collection_id": "staff", "s3_bucket": "album", "s3_keys": ["1.jpg"]}
    assert_error(web.client.post("/faces/index/batch", json=batch), 429, "TOO_MANY_JOBS")
    assert len(web.inputs.objects) == stored
    assert len(web.queue.bodies) + len(web.index_queue.bodies) == 2

    web.worker.run_once()
    web.memory.clock.advance(2)
    assert web.upload(Prefer="respond-async").status_code == 202


def test_upload_that_waits_for_its_result_makes_room_by_itself() -> None:
    web = web_with(max_jobs=1)

    assert [web.upload(photo_number(each)).status_code for each in range(4)] == [200] * 4


def test_refused_upload_with_a_key_may_be_sent_again() -> None:
    web = web_with(max_jobs=1)
    web.answers_after_s = None
    web.upload(photo_number(1), Prefer="respond-async")
    again = {"Idempotency_Key": "1", "Prefer": "respond-async"}
    assert_error(web.upload(photo_number(2), **again), 429, "TOO_MANY_JOBS")

    web.worker.run_once()
    web.memory.clock.advance(2)

    assert web.upload(photo_number(3), **again).status_code == 202


def test_tenants_have_quotas_of_their_own() -> None:
    web = web_with(auth="keys", max_collections=1, max_jobs=1, max_faces=1)
    keys = KeyStore(store=web.gallery)
    given = [
        headers(keys.create("k", scopes=["admin"], tenant=tenant)[1])
        for tenant in ("ours", "theirs")
    ]
    for key in given:
        body = {"collection_id": "staff"}
        assert web.client.post("/collections", json=body, headers=key).status_code == 201
        assert index(web, "a", headers=key).status_code == 202
        assert_error(index(web, "b", headers=key), 429, "TOO_MANY_JOBS")


def test_collections_that_a_key_does_not_see_count() -> None:
    web = web_with(auth="keys", max_collections=2)
    keys = KeyStore(store=web.gallery)
    some, every = (
        headers(keys.create("k", scopes=["admin"], tenant="ours", collections=[pattern])[1])
        for pattern in ("other-*", "*")
    )
    made = [
        web.client.post("/collections", json={"collection_id": name}, headers=key)
        for name, key in (("other-1", some), ("staff", every), ("other-2", some))
    ]

    assert [answer.status_code for answer in made] == [201, 201, 403]
    assert_error(made[-1], 403, "QUOTA_EXCEEDED")
