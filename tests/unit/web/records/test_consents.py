"""Consent notes over HTTP."""

from typing import Any

import pytest

from tests.support.faces import face
from tests.unit.web.test_tenants import Pair
from tests.unit.web.web_fixture import WebFixture, assert_error, json_of

NOTE = {"text": "Entrance by face", "date": "2026-04-01", "source": "Form 17, page 2"}
ADA = "/collections/staff/consents/Ada"


@pytest.fixture
def staff(web: WebFixture) -> WebFixture:
    web.create("staff")
    web.enrol("staff", "1", person="Ada")
    return web


def consent(web: WebFixture, person: str = "Ada") -> Any:
    return json_of(web.client.get(f"/collections/staff/persons/{person}"))["consent"]


def test_note_is_shown_with_its_person(staff: WebFixture) -> None:
    assert consent(staff) is None

    answer = json_of(staff.client.put(ADA, json=NOTE))

    assert answer == {"person": "Ada", "consent": NOTE}
    assert consent(staff) == NOTE


def test_note_follows_a_renaming_and_goes_with_the_person(staff: WebFixture) -> None:
    staff.client.put(ADA, json=NOTE)
    staff.client.patch("/collections/staff/persons/Ada", json={"name": "Ada/King"})
    assert consent(staff, "Ada%2FKing") == NOTE

    erased = staff.client.delete("/collections/staff/persons/Ada%2FKing")

    assert json_of(staff.client.get(erased.headers["Receipt"]))["removed"]["consents"] == 1
    kept = b"".join(staff.gallery.objects.values())
    assert b"Entrance" not in kept


def test_slash_in_a_name_needs_no_encoding(staff: WebFixture) -> None:
    staff.enrol("staff", "2", face(5), person="a/b")

    path = "/collections/staff/consents/a/b"
    assert json_of(staff.client.put(path, json=NOTE))["person"] == "a/b"


def test_person_must_be_enrolled(staff: WebFixture) -> None:
    unknown = staff.client.put("/collections/staff/consents/Bob", json=NOTE)
    assert_error(unknown, 404, "PERSON_NOT_FOUND")
    nowhere = staff.client.put("/collections/nowhere/consents/Ada", json=NOTE)
    assert_error(nowhere, 404, "COLLECTION_NOT_FOUND")


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": "x" * 2001},
        {"date": "yesterday"},
        {"source": ""},
        {"person": "Ada"},
        {"date": None},
    ],
)
def test_note_that_is_none_is_refused(staff: WebFixture, wrong: dict[str, Any]) -> None:
    assert_error(staff.client.put(ADA, json=NOTE | wrong), 400, "INVALID_REQUEST")

    assert consent(staff) is None


def test_note_of_another_tenant_is_not_there() -> None:
    pair = Pair()
    for tenant in (pair.ours, pair.theirs):
        tenant.enrol("Ada")
    assert pair.theirs.call("PUT", ADA, json=NOTE).status_code == 200

    ours = pair.ours.call("GET", "/collections/staff/persons/Ada")

    assert json_of(ours)["consent"] is None
    assert not [key for key in pair.web.gallery.objects if key.startswith("consents/")]
