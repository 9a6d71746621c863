"""Faces and people of collections on in-memory services."""

import logging
import uuid
from typing import Any
from urllib.parse import quote

import pytest

from core.faces.results import Face
from core.ground.storage_keys import AUDIT, CROPS
from tests.support.faces import face
from tests.unit.web.web_fixture import (
    PHOTO,
    WebFixture,
    assert_error,
    base64_of,
    json_of,
    photo_number,
)

UNKNOWN_ID = "6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11"
ODD_NAMES = ["Ada Lovelace", "a/b", "/lead", "trail/", "a//b", "Ä 照片", "50%", "a?b#c", "..", "'"]
ODD_NAMES += ["\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\U0001f469\u200d\U0001f4bb Ada"]
COMPOSED, DECOMPOSED = "Zo\u00eb M\u00fcller", "Zoe\u0308 Mu\u0308ller"


@pytest.fixture
def web() -> WebFixture:
    """Return a web tier with a collection in which Ada has two faces and Bob one."""
    web = WebFixture()
    web.create("staff")
    web.enrol("staff", "ada-1", face(0.0), person="Ada", metadata={"year": "1815"})
    web.enrol("staff", "ada-2", face(0.1), person="Ada")
    web.enrol("staff", "bob-1", face(5.0), person="Bob")
    return web


def id_of(web: WebFixture, image_id: str) -> str:
    faces = json_of(web.client.get("/collections/staff/faces"))["faces"]
    return next(str(each["face_id"]) for each in faces if each["image_id"] == image_id)


def names(web: WebFixture) -> dict[str, str | None]:
    """Return the person of each image's face."""
    faces = json_of(web.client.get("/collections/staff/faces"))["faces"]
    return {each["image_id"]: each["person"] for each in faces}


def matched(web: WebFixture, *faces: Face, by: str = "face") -> list[str | None]:
    """Return the persons to whom a photo is matched."""
    photo = photo_number(60)
    web.shows(photo, *faces)
    answer = json_of(web.send_photo("/faces/match", photo, collection_id="staff", by=by))
    return [match["person"] for match in answer["faces"][0]["matches"]]


_SEEN = ("box", "quality", "enrolled_at")


def test_faces_are_listed_without_embedding_or_gallery(web: WebFixture) -> None:
    faces = json_of(web.client.get("/collections/staff/faces?person=Ada"))["faces"]

    assert {each["image_id"] for each in faces} == {"ada-1", "ada-2"}
    assert {frozenset(each) for each in faces} == {
        frozenset({"face_id", "person", "image_id", "metadata", "rejected", *_SEEN})
    }
    assert {(each["quality"], each["box"]["width"]) for each in faces} == {(100, 100)}
    assert all(each["enrolled_at"] for each in faces)
    assert {"year": "1815"} in [each["metadata"] for each in faces]


def test_faces_are_paged(web: WebFixture) -> None:
    first = json_of(web.client.get("/collections/staff/faces?limit=2"))
    second = json_of(
        web.client.get(f"/collections/staff/faces?limit=2&next_token={first['next_token']}")
    )

    ids = [each["face_id"] for each in (*first["faces"], *second["faces"])]
    assert ids == sorted(ids)
    assert len(set(ids)) == 3
    assert second["next_token"] is None


def test_person_is_paged_too_and_404_when_nobody_has_the_name(web: WebFixture) -> None:
    first = json_of(web.client.get("/collections/staff/persons/Ada?limit=1"))
    token = first["next_token"]
    second = json_of(web.client.get(f"/collections/staff/persons/Ada?next_token={token}"))

    assert first["person"] == "Ada"
    assert len(first["faces"]) == len(second["faces"]) == 1
    assert second["next_token"] is None
    response = web.client.get("/collections/staff/persons/Eve")
    assert_error(response, 404, "PERSON_NOT_FOUND", retryable=False)


def test_token_of_another_list_is_refused(web: WebFixture) -> None:
    response = web.client.get("/collections/staff/faces?next_token=c3RhZmY=")

    assert_error(response, 400, "INVALID_REQUEST")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_printable_name_can_stand_in_a_path(web: WebFixture, name: str) -> None:
    path = f"/collections/staff/persons/{quote(name, safe='')}"
    web.enrol("staff", "odd", face(9.0), person=name)

    assert json_of(web.client.get(path))["person"] == name
    renamed = web.client.patch(path, json={"name": "Eve"})
    assert json_of(renamed).items() >= {"person": "Eve", "faces": 1}.items()
    assert_error(web.client.get(path), 404, "PERSON_NOT_FOUND")
    # The job's result still has the former name.
    assert web.client.delete(path).status_code == 204
    assert_error(web.client.delete(path), 404, "PERSON_NOT_FOUND")


@pytest.mark.parametrize("asked", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("given", [COMPOSED, DECOMPOSED])
def test_name_is_one_in_every_spelling(web: WebFixture, given: str, asked: str) -> None:
    path = f"/collections/staff/persons/{quote(asked)}"
    web.enrol("staff", "one", face(9.0), person=given)
    form = {"collection_id": "staff", "image_id": "two", "person": asked}
    web.shows(photo_number(70), face(9.1))
    web.send_photo("/faces/index", photo_number(70), **form)
    web.index_all()

    assert len(json_of(web.client.get(path))["faces"]) == 2
    query = f"/collections/staff/faces?person={quote(asked)}"
    assert {each["person"] for each in json_of(web.client.get(query))["faces"]} == {COMPOSED}
    renamed = web.client.patch("/collections/staff/persons/Bob", json={"name": given})
    assert json_of(renamed).items() >= {"person": COMPOSED, "faces": 1}.items()
    assert web.client.delete(path).status_code == 204
    assert set(names(web).values()) == {"Ada"}


@pytest.mark.parametrize(
    "name", ["Unknown", "No face", " Ada", "a\nb", "x" * 101, "A\u202eda", "A\u200dda"]
)
def test_what_is_no_name_is_refused(web: WebFixture, name: str) -> None:
    path = f"/collections/staff/persons/{quote(name, safe='')}"

    assert_error(web.client.get(path), 400, "INVALID_REQUEST")
    assert_error(web.client.delete(path), 400, "INVALID_REQUEST")
    in_body = web.client.patch("/collections/staff/persons/Ada", json={"name": name})
    assert_error(in_body, 400, "INVALID_REQUEST")


def test_renaming_onto_somebody_merges_both(web: WebFixture) -> None:
    response = web.client.patch("/collections/staff/persons/Bob", json={"name": "Ada"})

    assert json_of(response).items() >= {"person": "Ada", "faces": 1}.items()
    assert set(names(web).values()) == {"Ada"}
    response = web.client.patch("/collections/staff/persons/Bob", json={"name": "Ada"})
    assert_error(response, 404, "PERSON_NOT_FOUND")


@pytest.mark.parametrize("by", ["person", "face"])
def test_match_is_for_people_with_some_metadata(web: WebFixture, by: str) -> None:
    web.enrol("staff", "eve-1", face(0.2), person="Eve")
    web.client.patch("/collections/staff/persons/Eve", json={"metadata": {"team": "red"}})
    red = {"collection_id": "staff", "by": by, "metadata": '{"team": "red"}'}

    in_form = json_of(web.send_photo("/faces/match", PHOTO, **red))
    in_json = json_of(
        web.client.post(
            "/faces/match",
            json={**red, "metadata": {"team": "red"}, "image": base64_of(PHOTO)},
        )
    )
    by_face = json_of(
        web.client.post(
            f"/collections/staff/faces/{id_of(web, 'ada-1')}/search",
            json={"by": by, "metadata": {"team": "red"}},
        )
    )

    found = in_form["faces"][0]["matches"], in_json["faces"][0]["matches"], by_face["matches"]
    assert [[match["person"] for match in matches] for matches in found] == [["Eve"]] * 3


@pytest.mark.parametrize("metadata", ["red", "[]", '{"team": 1}', '{"": "red"}'])
def test_metadata_that_can_not_be_looked_for_are_refused(web: WebFixture, metadata: str) -> None:
    response = web.send_photo("/faces/match", collection_id="staff", metadata=metadata)

    assert_error(response, 400, "INVALID_REQUEST")


def test_reassigned_face_is_the_other_persons(web: WebFixture) -> None:
    face_id = id_of(web, "ada-2")

    response = web.client.post(
        f"/collections/staff/faces/{face_id}/reassign", json={"person": "Bob"}
    )

    assert json_of(response)["person"] == "Bob"
    assert names(web)["ada-2"] == "Bob"


def test_rejected_person_is_never_matched_to_that_face_again(web: WebFixture) -> None:
    web.client.delete(f"/collections/staff/faces/{id_of(web, 'ada-2')}")
    path = f"/collections/staff/faces/{id_of(web, 'ada-1')}"
    assert matched(web, face(0.0)) == ["Ada"]

    rejected = json_of(web.client.post(f"{path}/reject", json={"person": "Ada"}))

    assert (rejected["person"], rejected["rejected"]) == (None, ["Ada"])
    assert matched(web, face(0.0)) == [None]
    assert matched(web, face(0.0), by="person") == []
    again = json_of(web.client.post(f"{path}/reject", json={"person": "Ada"}))
    assert again == rejected
    reassigned = web.client.post(f"{path}/reassign", json={"person": "Ada"})
    assert_error(reassigned, 409, "PERSON_REJECTED")


@pytest.mark.parametrize("face_id", [UNKNOWN_ID, "odd", "%27%20OR%201=1"])
def test_unknown_face_is_404_for_every_use(web: WebFixture, face_id: str) -> None:
    path = f"/collections/staff/faces/{face_id}"
    uses = [
        web.client.delete(path),
        web.client.post(f"{path}/reject", json={"person": "Ada"}),
        web.client.post(f"{path}/reassign", json={"person": "Ada"}),
    ]

    for response in uses:
        assert_error(response, 404, "FACE_NOT_FOUND")


def test_erased_face_is_gone_with_its_photo_and_result(web: WebFixture) -> None:
    face_id = id_of(web, "ada-1")
    before = len(web.inputs.objects)

    response = web.client.delete(f"/collections/staff/faces/{face_id}")

    assert (response.status_code, response.data) == (204, b"")
    assert len(web.inputs.objects) == before - 1
    assert_error(web.client.delete(f"/collections/staff/faces/{face_id}"), 404, "FACE_NOT_FOUND")


def test_erased_person_is_gone(web: WebFixture) -> None:
    assert web.client.delete("/collections/staff/persons/Ada").status_code == 204

    assert names(web) == {"bob-1": "Bob"}
    assert_error(web.client.delete("/collections/staff/persons/Ada"), 404, "PERSON_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "faces", None),
        ("GET", "persons/Ada", None),
        ("DELETE", "persons/Ada", None),
        ("PATCH", "persons/Ada", {"name": "Eve"}),
        ("DELETE", f"faces/{UNKNOWN_ID}", None),
        ("POST", f"faces/{UNKNOWN_ID}/reject", {"person": "Ada"}),
        ("POST", f"faces/{UNKNOWN_ID}/reassign", {"person": "Ada"}),
    ],
)
def test_unknown_collection_is_404_for_every_use(
    web: WebFixture, method: str, path: str, body: dict[str, str] | None
) -> None:
    for collection_id, status, code in (
        ("none", 404, "COLLECTION_NOT_FOUND"),
        ("a b", 400, "INVALID_COLLECTION_ID"),
    ):
        response = web.client.open(f"/collections/{collection_id}/{path}", method=method, json=body)
        assert_error(response, status, code)


def test_two_collections_never_meet(web: WebFixture) -> None:
    web.create("guests")
    web.enrol("guests", "ada-1", face(0.0), person="Guest")
    photo = photo_number(61)
    web.shows(photo, face(0.0))
    other_id = id_of(web, "ada-1")

    match = json_of(web.send_photo("/faces/match", photo, collection_id="guests"))
    found = [each["person"] for each in match["faces"][0]["matches"]]

    assert found == ["Guest"]
    assert_error(web.client.get("/collections/guests/persons/Ada"), 404, "PERSON_NOT_FOUND")
    assert_error(web.client.delete(f"/collections/guests/faces/{other_id}"), 404, "FACE_NOT_FOUND")
    web.client.delete("/collections/guests")
    assert set(names(web).values()) == {"Ada", "Bob"}


def test_log_has_no_names_of_persons(web: WebFixture, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = "/collections/staff/persons/Ada"

    web.client.get(path)
    web.client.get("/collections/staff/faces?person=Ada")
    web.client.patch(path, json={"name": "Grace Hopper"})
    web.client.get(path)

    logged = "\n".join(str(record.__dict__) for record in caplog.records)
    assert "/collections/<collection_id>/persons/<person:name>" in logged
    assert "Grace" not in logged
    assert "Ada" not in logged


def test_picture_of_a_face_is_shown_and_never_cached(web: WebFixture) -> None:
    listed = json_of(web.client.get("/collections/staff/faces?limit=1"))["faces"][0]

    shown = web.client.get(f"/collections/staff/faces/{listed['face_id']}/image")

    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert shown.data.startswith(b"\xff\xd8\xff")
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"


def test_picture_that_is_not_there_is_not_found(web: WebFixture) -> None:
    listed = json_of(web.client.get("/collections/staff/faces?limit=1"))["faces"][0]
    for key in [key for key in web.gallery.objects if key.startswith(CROPS)]:
        web.gallery.delete(key)

    for face_id, code in {
        listed["face_id"]: "CROP_NOT_KEPT",
        str(uuid.uuid4()): "FACE_NOT_FOUND",
        "no-id": "FACE_NOT_FOUND",
    }.items():
        answer = web.client.get(f"/collections/staff/faces/{face_id}/image")

        assert_error(answer, 404, code)


def persons(web: WebFixture, query: str = "") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json_of(web.client.get(f"/collections/staff/persons{query}"))[
        "persons"
    ]
    return listed


def test_people_are_listed_with_faces_cover_times_and_metadata(web: WebFixture) -> None:
    web.enrol("staff", "nobody", face(9.0))
    web.client.patch("/collections/staff/persons/Ada", json={"metadata": {"room": "17"}})

    ada, bob = persons(web)

    assert (ada["person"], ada["faces"], ada["metadata"]) == ("Ada", 2, {"room": "17"})
    assert ada["cover"] in {id_of(web, "ada-1"), id_of(web, "ada-2")}
    assert ada["first_enrolled_at"] <= ada["last_enrolled_at"]
    assert (bob["person"], bob["metadata"], bob["consent"]) == ("Bob", {}, None)


def test_people_are_found_by_prefix_sorted_and_paged(web: WebFixture) -> None:
    for number in range(3):
        web.enrol("staff", f"eve-{number}", face(20.0 + number), person="Ève 王")

    assert [each["person"] for each in persons(web, "?sort=faces")] == ["Ève 王", "Ada", "Bob"]
    assert persons(web, "?sort=last_enrolled")[0]["person"] == "Ève 王"
    assert [each["person"] for each in persons(web, "?prefix=è")] == ["Ève 王"]
    names, token = [], ""
    while True:
        page = json_of(web.client.get(f"/collections/staff/persons?limit=1&next_token={token}"))
        names += [each["person"] for each in page["persons"]]
        token = page["next_token"]
        if token is None:
            break
    assert names == ["Ada", "Bob", "Ève 王"]


@pytest.mark.parametrize("query", ["sort=age", "next_token=WzEsMl0=", "next_token=e30=", "prefix="])
def test_odd_questions_for_people_are_answered(web: WebFixture, query: str) -> None:
    answer = web.client.get(f"/collections/staff/persons?{query}")

    if query == "prefix=":
        assert len(json_of(answer)["persons"]) == 2
    else:
        assert_error(answer, 400, "INVALID_REQUEST")


def test_id_of_a_person_outlives_a_rename_and_stands_for_the_name(web: WebFixture) -> None:
    before = persons(web)[0]["person_id"]
    path = f"/collections/staff/persons/{before}"

    assert json_of(web.client.get(path))["person"] == "Ada"
    renamed = json_of(web.client.patch(path, json={"name": "Ada King"}))
    assert renamed["person_id"] == before
    assert json_of(web.client.get(path))["person"] == "Ada King"
    again = json_of(web.client.patch(path, json={"name": "Countess"}))
    assert again["person_id"] == before

    web.enrol("staff", "ada-3", face(40.0), person="Ada")
    ids = {each["person"]: each["person_id"] for each in persons(web)}
    assert ids["Countess"] == before
    assert len(set(ids.values())) == len(ids) == 3
    assert web.client.delete(path).status_code == 204
    assert [each["person"] for each in persons(web)] == ["Ada", "Bob"]
    assert_error(web.client.get(path), 404, "PERSON_NOT_FOUND")


def test_of_two_people_who_are_merged_the_id_of_the_name_that_stays_is_kept(
    web: WebFixture,
) -> None:
    ids = {each["person"]: each["person_id"] for each in persons(web)}
    web.client.patch("/collections/staff/persons/Ada", json={"metadata": {"a": "1", "b": "2"}})
    web.client.patch("/collections/staff/persons/Bob", json={"metadata": {"b": "3"}})

    merged = json_of(web.client.patch("/collections/staff/persons/Ada", json={"name": "Bob"}))

    assert merged == {
        "person": "Bob",
        "person_id": ids["Bob"],
        "metadata": {"a": "1", "b": "3"},
        "cover": None,
        "faces": 2,
    }
    web.enrol("staff", "ada-3", face(40.0), person="Ada")
    assert persons(web)[0]["person_id"] not in ids.values()


def test_name_that_looks_like_an_id_is_a_name(web: WebFixture) -> None:
    ada = persons(web)[0]["person_id"]
    web.enrol("staff", "odd", face(30.0), person=ada)

    shown = json_of(web.client.get(f"/collections/staff/persons/{ada}"))

    assert (shown["person"], [each["image_id"] for each in shown["faces"]]) == (ada, ["odd"])


def test_metadata_goes_with_the_person_and_is_audited(web: WebFixture) -> None:
    web.client.patch("/collections/staff/persons/Ada", json={"metadata": {"room": "secret 17"}})
    renamed = web.client.patch("/collections/staff/persons/Ada", json={"name": "Ada King"})
    assert json_of(renamed)["metadata"] == {"room": "secret 17"}
    trail = [web.gallery.objects[key] for key in web.gallery.objects if key.startswith(AUDIT)]
    assert any(b"describe_person" in each for each in trail)
    assert not any(b"secret" in each for each in trail)

    web.client.delete("/collections/staff/persons/Ada%20King")

    assert not [each for each in web.gallery.objects.values() if b"secret 17" in each]


@pytest.mark.parametrize(
    "change", [{"age": 36}, {"metadata": {str(n): "" for n in range(21)}}, {"metadata": {"a": 1}}]
)
def test_change_of_a_person_that_is_none_is_refused(
    web: WebFixture, change: dict[str, Any]
) -> None:
    answer = web.client.patch("/collections/staff/persons/Ada", json=change)

    assert_error(answer, 400, "INVALID_REQUEST")


def test_metadata_of_nobody_is_not_found(web: WebFixture) -> None:
    change = {"metadata": {"room": "17"}}

    assert_error(
        web.client.patch("/collections/staff/persons/Eve", json=change), 404, "PERSON_NOT_FOUND"
    )


def test_enrolled_face_is_searched_for_who_else_is_like_it(web: WebFixture) -> None:
    web.enrol("staff", "eve", face(0.2), person="Eve")
    path = f"/collections/staff/faces/{id_of(web, 'ada-1')}/search"

    people = json_of(web.client.post(path, json={}))
    faces = json_of(web.client.post(path, json={"by": "face", "max_matches": 1}))

    assert people["person"] == "Ada"
    assert [match["person"] for match in people["matches"]] == ["Eve"]
    assert (people["by"], faces["by"]) == ("person", "face")
    assert len(faces["matches"]) == 1
    assert faces["matches"][0]["face_id"] != id_of(web, "ada-1")
