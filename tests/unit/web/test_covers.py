"""Which face shows a person in lists, on in-memory services."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.ground.storage_keys import CONSENTS
from tests.support.faces import face
from tests.unit.web.web_fixture import WebFixture, assert_error, json_of

NOBODY = "6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11"


@pytest.fixture
def web() -> WebFixture:
    """Return a web tier where Ada and Bob have a good face and a poor one each."""
    web = WebFixture()
    web.create("staff")
    for place, person in ((0.0, "Ada"), (5.0, "Bob")):
        web.enrol("staff", f"{person} well", face(place, quality=90), person=person)
        web.enrol("staff", f"{person} badly", face(place + 0.1, quality=60), person=person)
    web.enrol("staff", "unnamed", face(9.0))
    return web


def id_of(web: WebFixture, image_id: str) -> str:
    faces = json_of(web.client.get("/collections/staff/faces"))["faces"]
    return next(str(each["face_id"]) for each in faces if each["image_id"] == image_id)


def change(web: WebFixture, person: str, **fields: Any) -> TestResponse:
    return web.client.patch(f"/collections/staff/persons/{person}", json=fields)


def cover(web: WebFixture, person: str) -> str:
    """Return the image whose face shows a person in the list; the person's page must agree."""
    people = json_of(web.client.get("/collections/staff/persons"))["persons"]
    listed = next(each["cover"] for each in people if each["person"] == person)
    chosen = json_of(web.client.get(f"/collections/staff/persons/{person}"))["cover"]
    assert chosen in (None, listed)
    found = json_of(web.client.get("/collections/staff/faces"))["faces"]
    return next(str(each["image_id"]) for each in found if each["face_id"] == listed)


def test_chosen_face_shows_its_person_until_the_choice_is_taken_away(web: WebFixture) -> None:
    assert cover(web, "Ada") == "Ada well"

    chosen = change(web, "Ada", cover=id_of(web, "Ada badly"))

    assert json_of(chosen).items() >= {"cover": id_of(web, "Ada badly"), "faces": 0}.items()
    assert (cover(web, "Ada"), cover(web, "Bob")) == ("Ada badly", "Bob well")
    change(web, "Ada", metadata={"room": "17"})
    assert cover(web, "Ada") == "Ada badly"
    assert json_of(change(web, "Ada", cover=None))["cover"] is None
    assert cover(web, "Ada") == "Ada well"


def test_cover_goes_along_when_its_person_is_renamed(web: WebFixture) -> None:
    change(web, "Ada", cover=id_of(web, "Ada badly"))

    renamed = change(web, "Ada", name="Countess")

    assert json_of(renamed)["cover"] == id_of(web, "Ada badly")
    assert cover(web, "Countess") == "Ada badly"
    web.enrol("staff", "another", face(40.0), person="Ada")
    assert cover(web, "Ada") == "another"


def test_of_two_covers_that_of_the_name_that_stays_is_kept(web: WebFixture) -> None:
    change(web, "Ada", cover=id_of(web, "Ada badly"))
    change(web, "Bob", cover=id_of(web, "Bob badly"))

    change(web, "Ada", name="Bob")

    assert cover(web, "Bob") == "Bob badly"


def test_only_cover_of_two_people_stays_when_they_are_merged(web: WebFixture) -> None:
    change(web, "Ada", cover=id_of(web, "Ada badly"))

    change(web, "Ada", name="Bob")

    assert cover(web, "Bob") == "Ada badly"


@pytest.mark.parametrize("image_id", ["Ada badly", "Bob badly"])
def test_people_are_merged_and_get_a_cover_at_once(web: WebFixture, image_id: str) -> None:
    merged = change(web, "Ada", name="Bob", cover=id_of(web, image_id))

    assert merged.status_code == 200, merged.text
    assert cover(web, "Bob") == image_id


def test_cover_ends_with_its_face_and_does_not_come_back(web: WebFixture) -> None:
    face_id = id_of(web, "Ada badly")
    change(web, "Ada", metadata={"room": "17"}, cover=face_id)

    assert web.client.delete(f"/collections/staff/faces/{face_id}").status_code == 204

    assert cover(web, "Ada") == "Ada well"
    records = [body for key, body in web.gallery.objects.items() if CONSENTS in key]
    assert records
    assert not any(face_id.encode() in body for body in records)
    web.enrol("staff", "Ada badly", face(0.1, quality=60), person="Ada")
    assert id_of(web, "Ada badly") == face_id
    assert cover(web, "Ada") == "Ada well"


def test_cover_ends_with_its_photo(web: WebFixture) -> None:
    change(web, "Ada", cover=id_of(web, "Ada badly"))

    assert web.client.delete("/collections/staff/images/Ada%20badly").status_code == 204

    assert cover(web, "Ada") == "Ada well"


@pytest.mark.parametrize("call", ["reassign", "reject"])
def test_face_that_is_no_longer_the_persons_does_not_show_them(web: WebFixture, call: str) -> None:
    face_id = id_of(web, "Ada badly")
    change(web, "Ada", cover=face_id)
    person = {"reassign": "Bob", "reject": "Ada"}[call]

    web.client.post(f"/collections/staff/faces/{face_id}/{call}", json={"person": person})

    assert (cover(web, "Ada"), cover(web, "Bob")) == ("Ada well", "Bob well")


@pytest.mark.parametrize("image_id", ["Bob well", "unnamed"])
def test_face_that_is_not_the_persons_is_refused_and_nothing_changed(
    web: WebFixture, image_id: str
) -> None:
    refused = change(web, "Ada", name="Eve", metadata={"a": "b"}, cover=id_of(web, image_id))

    assert_error(refused, 409, "NOT_THEIR_FACE", retryable=False)
    assert json_of(web.client.get("/collections/staff/persons/Ada"))["metadata"] == {}


def test_face_that_is_not_there_is_refused(web: WebFixture) -> None:
    face_id = id_of(web, "Ada badly")

    assert_error(change(web, "Ada", cover=NOBODY), 404, "FACE_NOT_FOUND", retryable=False)
    assert_error(change(web, "Ada", cover="x"), 400, "INVALID_REQUEST", retryable=False)
    assert_error(change(web, "Eve", cover=face_id), 404, "PERSON_NOT_FOUND", retryable=False)
