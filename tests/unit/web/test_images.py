"""The faces of a photo: shown together, and erased together."""

import pytest

from core.ground.storage_keys import CROPS
from tests.support.faces import face
from tests.unit.web.web_fixture import WebFixture, assert_error, json_of, photo_number

KEY = "2026/été 1/a&b.jpg"
PATH = "/collections/staff/images/2026/%C3%A9t%C3%A9%201/a&b.jpg"


@pytest.fixture
def web() -> WebFixture:
    """Return a web tier with a photo of two faces, and another one."""
    web = WebFixture()
    web.create("staff")
    web.enrol("staff", KEY, face(0.0), face(3.0, left=300, side_px=90))
    web.enrol("staff", "bob-1", face(5.0), person="Bob")
    return web


def test_faces_of_a_photo_are_shown_with_boxes_and_people(web: WebFixture) -> None:
    first = json_of(web.client.get(PATH))["faces"][0]
    body = {"person": "Ada"}
    web.client.post(f"/collections/staff/faces/{first['face_id']}/reassign", json=body)

    shown = json_of(web.client.get(PATH))

    assert (shown["image_id"], shown["persons"]) == (KEY, ["Ada"])
    assert [each["person"] for each in shown["faces"]] == ["Ada", None]
    assert [each["box"]["left"] for each in shown["faces"]] == [10, 300]


def test_faces_of_a_photo_are_erased_and_nothing_else(web: WebFixture) -> None:
    answer = web.client.delete(PATH)

    assert answer.status_code == 204
    receipt = json_of(web.client.get(answer.headers["Receipt"]))
    assert (receipt["erased"], receipt["removed"]["faces"]) == ("image", 2)
    assert receipt["removed"]["jobs"] == 1
    assert_error(web.client.get(PATH), 404, "IMAGE_NOT_FOUND")
    assert_error(web.client.delete(PATH), 404, "IMAGE_NOT_FOUND")
    left = json_of(web.client.get("/collections/staff/faces"))["faces"]
    assert [each["person"] for each in left] == ["Bob"]
    assert len([key for key in web.gallery.objects if key.startswith(CROPS)]) == 1
    assert not [body for body in web.gallery.objects.values() if KEY.encode() in body]


def test_photo_that_waits_does_not_come_back(web: WebFixture) -> None:
    photo = photo_number(33)
    web.shows(photo, face(9.0))
    web.send_photo("/faces/index", photo, collection_id="staff", image_id=KEY)

    web.client.delete(PATH)
    web.index_all()

    assert_error(web.client.get(PATH), 404, "IMAGE_NOT_FOUND")
    assert not [key for key in web.inputs.objects if key.endswith(".jpg")]


def test_photo_that_comes_after_the_erasure_is_enrolled(web: WebFixture) -> None:
    web.client.delete(PATH)

    web.enrol("staff", KEY, face(9.0))

    assert len(json_of(web.client.get(PATH))["faces"]) == 1


@pytest.mark.parametrize("image_id", ["nobody.jpg", "x" * 1100, "a%00b", "%E2%80%8B"])
def test_photo_that_has_no_face_is_not_found(web: WebFixture, image_id: str) -> None:
    path = f"/collections/staff/images/{image_id}"

    assert_error(web.client.get(path), 404, "IMAGE_NOT_FOUND")
    assert_error(web.client.delete(path), 404, "IMAGE_NOT_FOUND")


def test_consent_of_those_who_are_on_no_other_photo_goes_too(web: WebFixture) -> None:
    note = {"text": "Entrance", "date": "2026-11-30", "source": "Form 17"}
    web.client.put("/collections/staff/consents/Bob", json=note)

    answer = web.client.delete("/collections/staff/images/bob-1")

    receipt = json_of(web.client.get(answer.headers["Receipt"]))
    assert receipt["removed"]["consents"] == 1
