"""Unknown people on in-memory services: their faces are kept, grouped, named and ignored."""

from typing import Any

import pytest

from core.collections.erased.erasure_records import ErasureLogs
from core.faces.results import Face
from core.ground.realms import WHOLE
from core.ground.storage_keys import CROPS, groups_key
from tests.support.faces import face
from tests.unit.web.web_fixture import SETTINGS, WebFixture, assert_error, json_of, photo_number

KEEPING = SETTINGS.model_copy(update={"keep_unknown": True, "max_wait_seconds": 0})
NOBODY = "6f1dbf0e-6b0f-4d0b-9f0a-6f6f4d1a7c11"
_GROUPS = "/collections/staff/groups"


@pytest.fixture
def web() -> WebFixture:
    """Return a web tier that keeps unknown faces; the collection has Ada."""
    web = WebFixture(settings=KEEPING, answers_after_s=None)
    web.create("staff")
    web.enrol("staff", "ada-1", face(0.0), person="Ada")
    return web


def upload(web: WebFixture, number: int, *faces: Face) -> str:
    """Upload a photo of these faces and let the worker answer it; return its job's id."""
    photo = photo_number(number)
    web.shows(photo, *faces)
    answer = web.send_form(
        "/", files={"inputFile": ("a.jpg", photo)}, fields={"collection_id": "staff"}
    )
    web.worker.run_once()
    web.worker.run_once()  # which writes what waits
    return str(json_of(answer, 202)["job_id"])


def result_of(web: WebFixture, job_id: str) -> dict[str, Any]:
    return json_of(web.client.get(f"/status/{job_id}"))


def groups(web: WebFixture, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json_of(web.client.get(f"{_GROUPS}{query}"))["groups"]
    return found


def name(web: WebFixture, group_id: str, person: str, **body: Any) -> Any:
    return web.client.post(f"{_GROUPS}/{group_id}/name", json={"person": person, **body})


def test_unknown_faces_are_grouped_biggest_first(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    upload(web, 2, face(9.0), face(0.01))
    upload(web, 3, face(5.1))

    found = groups(web)

    assert [group["size"] for group in found] == [2, 1]
    assert all(
        each["image"] == f"/collections/staff/faces/{each['face_id']}/image"
        for group in found
        for each in group["faces"]
    )


def test_named_group_names_the_next_upload(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    upload(web, 2, face(5.1))
    (group,) = groups(web)

    answer = json_of(name(web, group["group_id"], "Bob"))

    assert answer == {"person": "Bob", "faces": 2, "rejected": []}
    assert groups(web) == []
    assert result_of(web, upload(web, 3, face(5.05)))["result"] == "Bob"
    assert len(json_of(web.client.get("/collections/staff/persons/Bob"))["faces"]) == 2


def test_kept_faces_do_not_change_the_gallery(web: WebFixture) -> None:
    gallery = set(web.index.galleries)

    upload(web, 1, face(5.0))

    assert json_of(web.client.get("/collections/staff"))["faces"] == 1
    assert len(set(web.index.galleries) - gallery) == 1


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    web = WebFixture(
        settings=SETTINGS.model_copy(update={"max_wait_seconds": 0}), answers_after_s=None
    )
    web.create("staff")

    upload(web, 1, face(5.0))

    assert groups(web) == []
    assert len(web.index.galleries) == 0


def test_collection_says_for_itself_whether_it_keeps_them() -> None:
    settings = SETTINGS.model_copy(update={"max_wait_seconds": 0})
    web = WebFixture(settings=settings, answers_after_s=None)
    web.client.post("/collections", json={"collection_id": "staff", "keep_unknown": True})

    upload(web, 1, face(5.0))

    assert [group["size"] for group in groups(web)] == [1]
    assert json_of(web.client.get("/collections/staff"))["keep_unknown"] is True


def test_poor_faces_are_not_kept(web: WebFixture) -> None:
    upload(web, 1, face(5.0, quality=30))

    assert groups(web) == []


def test_faces_of_a_match_are_kept_too(web: WebFixture) -> None:
    photo = photo_number(1)
    web.shows(photo, face(7.0))

    web.send_photo("/faces/match", photo, collection_id="staff")

    assert web.memory.tasks[-1] == "unknown-faces"
    unknowns = web.parts.of(WHOLE).matching.unknowns
    assert unknowns is not None
    unknowns.flush()
    assert [group["size"] for group in groups(web)] == [1]


def test_faces_indexed_without_a_person_are_grouped_with_kept_ones(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    web.enrol("staff", "album-1", face(5.1))
    (group,) = groups(web)

    answer = json_of(name(web, group["group_id"], "Bob"))

    assert answer["faces"] == 2
    found = json_of(web.client.get("/collections/staff/persons/Bob"))["faces"]
    assert "album-1" in {each["image_id"] for each in found}


def test_ignored_group_is_never_shown_again(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    (group,) = groups(web)

    answer = json_of(web.client.post(f"{_GROUPS}/{group['group_id']}/ignore"))
    upload(web, 2, face(5.1))

    assert answer == {"group_id": group["group_id"], "ignored": True, "faces": 1}
    assert groups(web) == []
    (ignored,) = groups(web, "?ignored=true")
    assert (ignored["group_id"], ignored["size"]) == (group["group_id"], 2)


def test_ignored_group_is_never_named(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    (group,) = groups(web)
    web.client.post(f"{_GROUPS}/{group['group_id']}/ignore")

    assert_error(name(web, group["group_id"], "Bob"), 409, "GROUP_CHANGED", retryable=False)


def test_ignored_group_is_shown_again_when_that_is_undone(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    web.enrol("staff", "album-1", face(5.1))
    (group,) = groups(web)
    web.client.post(f"{_GROUPS}/{group['group_id']}/ignore")

    web.client.post(f"{_GROUPS}/{group['group_id']}/unignore")

    assert [each["group_id"] for each in groups(web)] == [group["group_id"]]
    assert groups(web, "?ignored=true") == []


def test_faces_left_out_of_a_naming_come_into_another_group(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    upload(web, 2, face(5.1))
    (group,) = groups(web)
    left_out = group["faces"][0]["face_id"]

    name(web, group["group_id"], "Bob", without=[left_out])

    (other,) = groups(web)
    assert [each["face_id"] for each in other["faces"]] == [left_out]
    assert other["group_id"] != group["group_id"]


def test_group_that_was_named_before_is_told_apart_by_a_conflict(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    (group,) = groups(web)
    name(web, group["group_id"], "Bob")

    for again in (group["group_id"], NOBODY, "no-id"):
        answer = name(web, again, "Eve")
        assert_error(answer, 409, "GROUP_CHANGED", retryable=False)
    assert web.client.get("/collections/staff/persons/Eve").status_code == 404


def test_group_keeps_its_id_while_faces_join_it(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    (before,) = groups(web)

    upload(web, 2, face(5.1))

    (after,) = groups(web)
    assert (after["group_id"], after["size"]) == (before["group_id"], 2)


def test_person_rejected_for_a_kept_face_is_not_given_to_it(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    upload(web, 2, face(5.1))
    (group,) = groups(web)
    rejected = group["faces"][0]["face_id"]

    answer = web.client.post(f"/collections/staff/faces/{rejected}/reject", json={"person": "Bob"})

    assert json_of(answer)["rejected"] == ["Bob"]
    assert json_of(name(web, group["group_id"], "Bob")) == {
        "person": "Bob",
        "faces": 1,
        "rejected": [rejected],
    }
    (left,) = groups(web)
    assert_error(name(web, left["group_id"], "Bob"), 409, "PERSON_REJECTED", retryable=False)
    assert [each["group_id"] for each in groups(web)] == [left["group_id"]]


def test_known_person_who_is_like_a_group_is_suggested(web: WebFixture) -> None:
    upload(web, 1, face(0.55))
    upload(web, 2, face(5.0))

    suggested = {
        group["suggestion"]["person"] if group["suggestion"] else None for group in groups(web)
    }

    assert suggested == {"Ada", None}


def test_groups_are_paged(web: WebFixture) -> None:
    for number in range(5):
        upload(web, number, face(5.0 + number))

    first = json_of(web.client.get(f"{_GROUPS}?limit=2"))
    second = json_of(web.client.get(f"{_GROUPS}?limit=9&next_token={first['next_token']}"))

    ids = [group["group_id"] for group in (*first["groups"], *second["groups"])]
    assert len(set(ids)) == len(ids) == 5
    assert second["next_token"] is None


def test_faces_of_a_group_are_listed(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    upload(web, 2, face(5.1))
    (group,) = groups(web)

    faces = json_of(web.client.get(f"{_GROUPS}/{group['group_id']}?limit=1"))

    assert faces["faces"][0]["face_id"] == sorted(each["face_id"] for each in group["faces"])[0]
    assert faces["next_token"]
    assert web.client.get(f"{_GROUPS}/{NOBODY}").status_code == 409


def test_kept_face_has_a_picture(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    (group,) = groups(web)

    answer = web.client.get(group["faces"][0]["image"])

    assert answer.status_code == 200
    assert answer.data.startswith(b"\xff\xd8")
    assert answer.headers["Cache-Control"] == "no-store"


def test_naming_and_ignoring_are_audited(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    upload(web, 2, face(9.0))
    one, other = groups(web)

    name(web, one["group_id"], "Bob")
    web.client.post(f"{_GROUPS}/{other['group_id']}/ignore")

    audited = [record.action for _, record in web.parts.of(WHOLE).audit.records()]
    assert audited[-2:] == ["name_group", "ignore_group"]


def test_erased_collection_leaves_no_unknown_face(web: WebFixture) -> None:
    upload(web, 1, face(5.0))
    groups(web)

    web.client.delete("/collections/staff")

    assert web.index.galleries == {}
    left = [key for key in web.gallery.objects if key.startswith(CROPS)]
    assert left == []
    assert groups_key("staff") not in web.gallery.objects


def test_erased_unknown_face_goes_with_its_upload(web: WebFixture) -> None:
    job_id = upload(web, 1, face(5.0))
    (group,) = groups(web)
    face_id = group["faces"][0]["face_id"]

    answer = web.client.delete(f"/collections/staff/faces/{face_id}")

    assert answer.status_code == 204
    assert groups(web) == []
    assert face_id.encode() not in b"".join(web.gallery.objects.values())
    assert job_id not in web.outputs.objects
    assert not [key for key in web.inputs.objects if key.startswith(job_id)]


def test_erased_person_who_was_unknown_goes_with_the_uploads(web: WebFixture) -> None:
    job_id = upload(web, 1, face(5.0))
    (group,) = groups(web)
    name(web, group["group_id"], "Bob")

    web.client.delete("/collections/staff/persons/Bob")

    assert job_id not in web.outputs.objects
    assert not [key for key in web.inputs.objects if key.startswith(job_id)]


def test_unknown_faces_of_an_erased_job_go_with_it(web: WebFixture) -> None:
    upload(web, 1, face(0.0), face(5.0))

    web.client.delete("/collections/staff/persons/Ada")

    assert groups(web) == []
    assert not any(
        each.image_id.startswith("unknown/")
        for gallery in web.index.galleries.values()
        for each in gallery.values()
    )


def test_restore_knows_the_unknown_faces_that_were_erased_with_a_person(web: WebFixture) -> None:
    upload(web, 1, face(0.0), face(5.0))
    (group,) = groups(web)

    web.client.delete("/collections/staff/persons/Ada")

    assert ErasureLogs(web.gallery).now("staff").covers_face(group["faces"][0]["face_id"])
