"""``/collections`` on in-memory services."""

from datetime import datetime
from typing import Any

import pytest

from core.ground.realms import WHOLE
from tests.support.faces import face
from tests.unit.web.web_fixture import WebFixture, assert_error, json_of


def test_collection_is_made_described_and_erased(web: WebFixture) -> None:
    made = web.client.post(
        "/collections",
        json={"collection_id": "staff", "threshold": 85, "metadata": {"town": "Ulm"}},
    )

    described = json_of(made, 201)
    assert made.headers["Location"] == "/collections/staff"
    assert json_of(web.client.get("/collections/staff")) == described
    assert datetime.fromisoformat(described.pop("created_at")).tzinfo is not None
    assert described == {
        "collection_id": "staff",
        "threshold": 85,
        "false_name_rate": None,
        "expected_false_names": None,
        "metadata": {"town": "Ulm"},
        "model": None,
        "keep_unknown": None,
        "persons": 0,
        "faces": 0,
    }
    erased = web.client.delete("/collections/staff")
    assert (erased.status_code, erased.data) == (204, b"")
    assert_error(web.client.get("/collections/staff"), 404, "COLLECTION_NOT_FOUND")
    assert_error(web.client.delete("/collections/staff"), 404, "COLLECTION_NOT_FOUND")


def test_description_counts_faces_and_names_their_model(web: WebFixture) -> None:
    web.create("staff")
    web.enrol("staff", "ada-1", person="Ada")

    described = json_of(web.client.get("/collections/staff"))

    assert described["faces"] == 1
    assert described["model"] == {"name": "test-model", "version": "1"}
    assert "gallery_id" not in described


def test_second_collection_of_an_id_is_a_conflict(web: WebFixture) -> None:
    web.create("staff")

    response = web.client.post("/collections", json={"collection_id": "staff"})

    assert_error(response, 409, "COLLECTION_EXISTS", retryable=False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "collection_id"),
        ({"collection_id": "a", "colour": "red"}, "colour"),
        ({"collection_id": 7}, "collection_id"),
        ({"collection_id": "a", "threshold": 101}, "threshold"),
        ({"collection_id": "a", "threshold": "80"}, "threshold"),
        ({"collection_id": "a", "metadata": {"k": 1}}, "metadata.k"),
        ({"collection_id": "a", "metadata": None}, "metadata"),
    ],
)
def test_refusal_names_the_field(web: WebFixture, body: dict[str, object], field: str) -> None:
    response = web.client.post("/collections", json=body)

    assert_error(response, 400, "INVALID_REQUEST")
    assert response.get_json()["error"].startswith(f"{field}: ")


@pytest.mark.parametrize("collection_id", ["a b", "", "x" * 101, "a/b", "ä"])
def test_malformed_id_has_one_code_in_body_and_path(web: WebFixture, collection_id: str) -> None:
    in_body = web.client.post("/collections", json={"collection_id": collection_id})
    assert_error(in_body, 400, "INVALID_COLLECTION_ID")
    if collection_id and "/" not in collection_id:
        in_path = web.client.get(f"/collections/{collection_id}")
        assert_error(in_path, 400, "INVALID_COLLECTION_ID")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"collection_id": NaN}', b"\xff", b"[" * 999])
def test_body_that_is_no_json_object_is_refused(web: WebFixture, body: bytes) -> None:
    response = web.client.post("/collections", data=body, content_type="application/json")

    assert_error(response, 400, "INVALID_REQUEST")


def test_other_content_types_are_415(web: WebFixture) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", None):
        response = web.client.post("/collections", data=b"{}", content_type=kind)
        assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE", retryable=False)


def test_long_json_is_refused_unread(web: WebFixture) -> None:
    response = web.client.post(
        "/collections", data=b" " * (3 * 1024 * 1024), content_type="application/json"
    )

    assert_error(response, 400, "INVALID_REQUEST")


def test_list_is_paged_in_order_until_the_token_is_null(web: WebFixture) -> None:
    ids = ["a", "a-b", "a.b", "b", "c"]
    for collection_id in reversed(ids):
        web.create(collection_id)

    listed: list[str] = []
    token = ""
    for _ in range(3):
        page = json_of(web.client.get(f"/collections?limit=2&next_token={token}"))
        assert "faces" not in page["collections"][0]
        listed += [each["collection_id"] for each in page["collections"]]
        token = page["next_token"]

    assert token is None
    assert sorted(listed) == ids


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=many",
        "limit=1&limit=2",
        "colour=red",
        "next_token=!",
        "next_token=YQ",
        "next_token=YSBi",
        "next_token=_w==",
    ],
)
def test_odd_pages_are_refused(web: WebFixture, query: str) -> None:
    assert_error(web.client.get(f"/collections?{query}"), 400, "INVALID_REQUEST")


def test_collection_under_erasure_is_not_listed(web: WebFixture) -> None:
    web.create("a")
    web.create("b")
    web.parts.of(WHOLE).collections.begin_erasure("a")

    page = json_of(web.client.get("/collections"))

    assert [each["collection_id"] for each in page["collections"]] == ["b"]


def test_erasing_a_collection_leaves_no_photo_result_or_gallery(web: WebFixture) -> None:
    web.create("staff")
    web.enrol("staff", "ada-1", face(), person="Ada")

    web.client.delete("/collections/staff")

    assert not web.inputs.objects
    assert not web.index.galleries
    left = {key.partition("/")[0] for key in web.gallery.objects}
    assert left == {"audit", "changes", "erasures", "secrets"}


def test_absent_store_is_503_without_its_inner_details(web: WebFixture) -> None:
    web.gallery.available = False

    response = web.client.get("/collections")

    assert_error(response, 503, "STORAGE_UNAVAILABLE", retryable=True)
    assert "switched off" not in response.text
    assert response.headers["Retry-After"] == "5"


def test_application_starts_what_must_be_warm(web: WebFixture) -> None:
    assert [child.launched for child in web.memory.children] == [1]
    assert "warm-up" in web.memory.tasks


def test_rate_says_the_threshold_and_changes_with_the_collection(web: WebFixture) -> None:
    body = {"collection_id": "staff", "false_name_rate": 0.001}
    made = json_of(web.client.post("/collections", json=body), 201)
    assert made["threshold"] > 80

    def changed(**changes: object) -> dict[str, Any]:
        return json_of(web.client.patch("/collections/staff", json=changes))

    assert changed(threshold=70, metadata={"town": "Ulm"})["threshold"] == 70
    assert changed(threshold=None)["threshold"] == made["threshold"]
    usual = changed(false_name_rate=None)
    assert (usual["threshold"], usual["false_name_rate"]) == (80, None)
    assert usual["metadata"] == {"town": "Ulm"}
    assert json_of(web.client.get("/collections/staff")) == usual


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"false_name_rate": 0},
        {"false_name_rate": 0.51},
        {"false_name_rate": "0.1"},
        {"metadata": None},
        {"collection_id": "other"},
    ],
)
def test_change_that_says_nothing_or_too_much_is_refused(
    web: WebFixture, body: dict[str, object]
) -> None:
    web.create("staff")

    assert_error(web.client.patch("/collections/staff", json=body), 400, "INVALID_REQUEST")


def test_unknown_collection_is_not_changed(web: WebFixture) -> None:
    response = web.client.patch("/collections/nobody", json={"threshold": 70})

    assert_error(response, 404, "COLLECTION_NOT_FOUND")


def test_description_counts_people_and_unnamed_faces_are_nobody(web: WebFixture) -> None:
    web.create("staff")
    for number, person in enumerate(("Ada", "Ada", "Bob", None)):
        web.enrol("staff", f"photo-{number}", face(number), person=person)

    described = json_of(web.client.get("/collections/staff"))

    assert (described["persons"], described["faces"]) == (2, 4)
