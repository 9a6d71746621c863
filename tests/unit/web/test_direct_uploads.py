"""Photos that callers send to S3 themselves are indexed, and erased, like any others."""

from typing import Any

import pytest

from core.ground.ids import new_id
from tests.support.faces import face
from tests.unit.web.test_tenants import Pair, Tenant, same_but_for_the_id
from tests.unit.web.web_fixture import PHOTO, WebFixture, assert_error, json_of


def offered(pair: Pair, tenant: Tenant, **more: Any) -> dict[str, Any]:
    """Ask for a place, and send the photo there as S3 stores it."""
    body = {"collection_id": "staff", "filename": "ada lovelace.jpg", **more}
    offer = json_of(tenant.call("POST", "/uploads", json=body), 201)
    fields = dict(offer["fields"])
    pair.web.inputs.put(fields.pop("key"), PHOTO, content_type="image/jpeg", metadata=fields)
    return offer


def indexed(tenant: Tenant, *offers: dict[str, Any], **more: Any) -> Any:
    return tenant.call(
        "POST",
        "/faces/index/batch",
        json={
            "collection_id": "staff",
            "s3_bucket": offers[0]["s3_bucket"],
            "s3_keys": [offer["s3_key"] for offer in offers],
            **more,
        },
    )


@pytest.fixture
def pair() -> Pair:
    pair = Pair()
    pair.web.shows(PHOTO, face())
    return pair


def test_photo_is_indexed_without_passing_the_web_tier(pair: Pair) -> None:
    offer = offered(pair, pair.ours, person="Ada")
    gets = pair.web.inputs.gets

    batch = json_of(indexed(pair.ours, offer, person="Ada"), 202)["batch_id"]

    assert pair.web.inputs.gets == gets
    pair.web.worker.run_once()
    assert json_of(pair.ours.call("GET", f"/batches/{batch}"))["done"] == 1
    assert pair.ours.people() == {"Ada"}


def test_place_is_for_a_safe_name_and_one_job(pair: Pair) -> None:
    keys = [offered(pair, pair.ours)["s3_key"] for _ in range(2)]

    assert len(set(keys)) == 2
    assert all(key.endswith("_ada_lovelace.jpg") for key in keys)


@pytest.mark.parametrize("more", [{"person": "Grace"}, {}, {"collection_id": "other"}])
def test_photo_is_not_indexed_for_anyone_else(pair: Pair, more: dict[str, Any]) -> None:
    pair.ours.create("other")
    offer = offered(pair, pair.ours, person="Ada")

    assert_error(indexed(pair.ours, offer, **{"person": None, **more}), 400, "INVALID_REQUEST")
    assert pair.web.index_queue.bodies == []


def test_photo_of_another_tenant_was_never_sent(pair: Pair) -> None:
    offer = offered(pair, pair.theirs)
    never = {**offer, "s3_key": f"{new_id()}_photo.jpg"}

    seen = indexed(pair.ours, offer)

    assert_error(seen, 404, "INPUT_MISSING")
    assert same_but_for_the_id(seen, offer["s3_key"], never["s3_key"]) == same_but_for_the_id(
        indexed(pair.ours, never), "", ""
    )


def test_photo_for_a_collection_that_the_key_is_not_for_was_never_sent(pair: Pair) -> None:
    pair.ours.create("guests")
    guest_key = Tenant(pair.web, "ours", collections=["guests"])

    seen = indexed(guest_key, offered(pair, pair.ours), collection_id="guests")

    assert_error(seen, 404, "INPUT_MISSING")


def test_photo_that_was_not_sent_is_not_there(pair: Pair) -> None:
    offer = offered(pair, pair.ours)
    pair.web.inputs.objects.clear()

    assert_error(indexed(pair.ours, offer), 404, "INPUT_MISSING")


@pytest.mark.parametrize("key", ["idempotency/x", "../x", "a.jpg"])
def test_other_objects_of_the_bucket_are_not_there(pair: Pair, key: str) -> None:
    pair.web.inputs.objects[key] = PHOTO
    offer = offered(pair, pair.ours)

    assert_error(indexed(pair.ours, {**offer, "s3_key": key}), 404, "INPUT_MISSING")


def test_photo_of_an_upload_can_not_be_named(pair: Pair) -> None:
    job = pair.ours.upload()
    offer = offered(pair, pair.ours)

    seen = indexed(pair.ours, {**offer, "s3_key": f"{job}_a.jpg"})

    assert_error(seen, 404, "INPUT_MISSING")


def test_photo_that_waits_is_erased_with_its_person(pair: Pair) -> None:
    pair.ours.enrol("Ada")
    offer = offered(pair, pair.ours, person="Ada")

    assert pair.ours.call("DELETE", "/collections/staff/persons/Ada").status_code == 204

    assert offer["s3_key"] not in pair.web.inputs.objects
    assert_error(indexed(pair.ours, offer, person="Ada"), 404, "INPUT_MISSING")


def test_indexed_photo_is_erased_with_its_person(pair: Pair) -> None:
    offer = offered(pair, pair.ours, person="Ada")
    indexed(pair.ours, offer, person="Ada")
    pair.web.worker.run_once()

    assert pair.ours.call("DELETE", "/collections/staff/persons/Ada").status_code == 204

    assert PHOTO not in pair.web.inputs.objects.values()


def test_collection_must_be_there() -> None:
    seen = WebFixture().client.post("/uploads", json={"collection_id": "nobody-made-it"})

    assert_error(seen, 404, "COLLECTION_NOT_FOUND")
