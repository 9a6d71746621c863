"""Batches, newest first, with their rate and expected end."""

from datetime import datetime
from typing import Any

import pytest

from tests.unit.web.web_fixture import WebFixture, assert_error, json_of


@pytest.fixture
def web() -> WebFixture:
    web = WebFixture()
    web.create("staff")
    for number in range(40):
        web.album.put(f"{number}.jpg", b"no photo", content_type="image/jpeg")
    return web


def submit(web: WebFixture, *numbers: int) -> str:
    body = {"collection_id": "staff", "s3_keys": [f"{number}.jpg" for number in numbers]}
    answer = json_of(web.client.post("/faces/index/batch", json=body), 202)
    web.memory.clock.advance(10)
    return str(answer["batch_id"])


def listed(web: WebFixture, query: str = "") -> dict[str, Any]:
    return json_of(web.client.get(f"/batches{query}"))


def test_batches_are_listed_newest_first_and_paged(web: WebFixture) -> None:
    ids = [submit(web, number) for number in range(3)]

    assert [each["batch_id"] for each in listed(web)["batches"]] == ids[::-1]
    first = listed(web, "?limit=2")
    second = listed(web, f"?limit=2&next_token={first['next_token']}")
    assert [each["batch_id"] for each in first["batches"]] == ids[:0:-1]
    assert [each["batch_id"] for each in second["batches"]] == ids[:1]
    assert second["next_token"] is None


def test_batch_says_its_rate_and_expected_end(web: WebFixture) -> None:
    batch_id = submit(web, *range(4))
    (fresh,) = listed(web)["batches"]
    assert (fresh["photos_per_s"], fresh["expected_end_at"]) == (None, None)
    for position in range(2):
        web.outputs.put(f"batches/{batch_id}/{position:06}.done", b"", content_type="x/y")

    (batch,) = listed(web)["batches"]

    assert (batch["done"], batch["pending"], batch["photos_per_s"]) == (2, 2, 0.2)
    began, end = map(datetime.fromisoformat, (batch["accepted_at"], batch["expected_end_at"]))
    assert (end - began).total_seconds() == 20
    alone = json_of(web.client.get(f"/batches/{batch_id}"))
    assert alone["expected_end_at"] == batch["expected_end_at"]
    assert len(alone["outcomes"]) == 4


def test_batch_that_has_ended_expects_no_end(web: WebFixture) -> None:
    batch_id = submit(web, 1)
    web.outputs.put(f"batches/{batch_id}/000000.failed", b"", content_type="x/y")

    (batch,) = listed(web)["batches"]

    assert (batch["pending"], batch["photos_per_s"], batch["expected_end_at"]) == (0, None, None)


def test_batches_of_an_erased_collection_are_gone(web: WebFixture) -> None:
    submit(web, 1)

    web.client.delete("/collections/staff")

    assert listed(web)["batches"] == []
    assert not [key for key in web.outputs.objects if key.startswith("batches")]


@pytest.mark.parametrize("query", ["limit=101", "next_token=Li4v"])
def test_odd_pages_are_refused(web: WebFixture, query: str) -> None:
    assert_error(web.client.get(f"/batches?{query}"), 400, "INVALID_REQUEST")
