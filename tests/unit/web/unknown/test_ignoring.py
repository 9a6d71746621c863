"""Ignored strangers are never named, until someone undoes that."""

from typing import Any, get_args

import pytest

from core.collections.matches import By
from core.faces.results import Face
from tests.support.faces import face
from tests.unit.web.web_fixture import SETTINGS, WebFixture, json_of, photo_number

KEEPING = SETTINGS.model_copy(
    update={"keep_unknown": True, "max_wait_seconds": 0, "match_max_distance": 0.5}
)
ADA, BETWEEN, STRANGER = 0.0, 0.4, 0.6
"""Where faces lie: the one between is Ada's by distance, and nearer to the stranger's."""
_GROUPS = "/collections/staff/groups"


@pytest.fixture
def web() -> WebFixture:
    """Return a web tier that keeps unknown faces; the collection has Ada."""
    web = WebFixture(settings=KEEPING, answers_after_s=None)
    web.create("staff")
    web.enrol("staff", "ada-1", face(ADA), person="Ada")
    return web


@pytest.fixture
def stranger(web: WebFixture) -> str:
    """Return the id of the group of a stranger."""
    assert upload(web, 1, face(STRANGER)) == [None]
    (group,) = groups(web)
    return str(group["group_id"])


def upload(web: WebFixture, number: int, *faces: Face) -> list[str | None]:
    """Upload a photo of these faces and let the worker answer it; return their names."""
    photo = photo_number(number)
    web.shows(photo, *faces)
    sent = web.send_form(
        "/", files={"inputFile": ("a.jpg", photo)}, fields={"collection_id": "staff"}
    )
    web.worker.run_once()
    web.worker.run_once()  # which writes what waits
    answer = json_of(web.client.get(f"/status/{json_of(sent, 202)['job_id']}"))
    return [each["name"] for each in answer["faces"]]


def matched(web: WebFixture, place: float, by: By) -> list[str | None]:
    """Return the people whom a match answers."""
    web.shows(photo_number(60), face(place))
    answer = json_of(web.send_photo("/faces/match", photo_number(60), collection_id="staff", by=by))
    return [match["person"] for match in answer["faces"][0]["matches"]]


def groups(web: WebFixture, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json_of(web.client.get(f"{_GROUPS}{query}"))["groups"]
    return found


def say(web: WebFixture, group_id: str, what: str, **body: str) -> None:
    assert web.client.post(f"{_GROUPS}/{group_id}/{what}", json=body or None).status_code == 200


def faces_of(web: WebFixture) -> int:
    return int(json_of(web.client.get("/collections/staff"))["faces"])


def test_photo_nearer_to_an_ignored_stranger_is_nobodys(web: WebFixture, stranger: str) -> None:
    assert upload(web, 2, face(BETWEEN)) == ["Ada"]

    say(web, stranger, "ignore")

    assert upload(web, 3, face(BETWEEN), face(0.1, left=300)) == [None, "Ada"]
    for by in get_args(By):
        assert matched(web, BETWEEN, by) == []
        assert matched(web, 0.1, by) == ["Ada"]


def test_people_beside_an_ignored_stranger_keep_their_similarities(
    web: WebFixture, stranger: str
) -> None:
    web.enrol("staff", "bob-1", face(0.45), person="Bob")
    web.shows(photo_number(60), face(0.2))
    before = json_of(web.send_photo("/faces/match", photo_number(60), collection_id="staff"))

    say(web, stranger, "ignore")

    after = json_of(web.send_photo("/faces/match", photo_number(60), collection_id="staff"))
    assert after["faces"][0]["matches"] == before["faces"][0]["matches"]


def test_stranger_who_was_indexed_is_ignored_too(web: WebFixture) -> None:
    web.enrol("staff", "album-1", face(STRANGER))
    (group,) = groups(web)

    say(web, group["group_id"], "ignore")

    assert upload(web, 2, face(BETWEEN)) == [None]
    assert matched(web, BETWEEN, "face") == []
    say(web, group["group_id"], "unignore")
    assert upload(web, 3, face(BETWEEN)) == ["Ada"]


def test_undoing_it_lets_photos_be_named_and_keeps_the_faces_as_before(
    web: WebFixture, stranger: str
) -> None:
    say(web, stranger, "ignore")
    assert faces_of(web) == 2

    say(web, stranger, "unignore")

    assert faces_of(web) == 1
    assert upload(web, 2, face(BETWEEN)) == ["Ada"]
    assert [group["group_id"] for group in groups(web)] == [stranger]
    say(web, stranger, "name", person="Eve")
    assert upload(web, 3, face(BETWEEN)) == ["Eve"]


def test_erased_stranger_hides_nobody(web: WebFixture, stranger: str) -> None:
    say(web, stranger, "ignore")
    (group,) = groups(web, "?ignored=true")
    face_id = group["faces"][0]["face_id"]

    assert web.client.delete(f"/collections/staff/faces/{face_id}").status_code == 204

    assert groups(web, "?ignored=true") == []
    assert upload(web, 2, face(BETWEEN)) == ["Ada"]
    assert face_id.encode() not in b"".join(web.gallery.objects.values())
    assert not any(face_id in gallery for gallery in web.index.galleries.values())


def test_erased_collection_leaves_no_ignored_face(web: WebFixture, stranger: str) -> None:
    say(web, stranger, "ignore")

    assert web.client.delete("/collections/staff").status_code == 204

    assert web.index.galleries == {}


def test_face_that_is_given_to_someone_hides_nobody_any_more(
    web: WebFixture, stranger: str
) -> None:
    say(web, stranger, "ignore")
    (group,) = groups(web, "?ignored=true")
    path = f"/collections/staff/faces/{group['faces'][0]['face_id']}"

    web.client.post(f"{path}/reassign", json={"person": "Eve"})

    assert upload(web, 2, face(BETWEEN)) == ["Eve"]
    web.client.post(f"{path}/reject", json={"person": "Eve"})
    assert upload(web, 3, face(BETWEEN)) == ["Ada"]


def test_stranger_of_a_collection_without_people_is_ignored(web: WebFixture) -> None:
    web.create("door")
    photo = photo_number(1)
    web.shows(photo, face(STRANGER))
    web.send_form("/", files={"inputFile": ("a.jpg", photo)}, fields={"collection_id": "door"})
    web.worker.run_once()
    web.worker.run_once()
    (group,) = json_of(web.client.get("/collections/door/groups"))["groups"]

    answer = web.client.post(f"/collections/door/groups/{group['group_id']}/ignore")

    assert json_of(answer)["faces"] == 1
    assert json_of(web.client.get("/collections/door/groups"))["groups"] == []
