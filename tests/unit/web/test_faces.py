"""``/faces/…`` and ``/batches/…`` on in-memory services."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.errors import InvalidImage, RecognitionTimedOut, RecognizerDied, TooBusy
from core.faces.results import Model
from core.jobs.index_job import IndexDone, IndexJob
from core.jobs.recognition_job import COLLECTION_NOTE, MIN_QUALITY_NOTE
from tests.support.faces import TIMINGS_MS, face
from tests.support.photos import made_photo
from tests.unit.web.web_fixture import (
    PHOTO,
    WebFixture,
    assert_error,
    base64_of,
    json_of,
    photo_number,
)

INDEX = {"collection_id": "staff", "image_id": "ada-1"}
SYNCHRONOUS = ["/faces/match", "/faces/verify", "/faces/detect"]
PHOTO_PATHS = ["/faces/index", *SYNCHRONOUS]
FIELDS: dict[str, dict[str, str]] = {
    "/faces/index": INDEX,
    "/faces/match": {"collection_id": "staff"},
    "/faces/verify": {"collection_id": "staff", "person": "Ada"},
    "/faces/detect": {},
}


@pytest.fixture
def web() -> WebFixture:
    """Return a web tier with a collection in which Ada is enrolled."""
    web = WebFixture()
    web.create("staff")
    web.enrol("staff", "ada-0", face(0.0), person="Ada", metadata={"year": "1815"})
    return web


def as_file(web: WebFixture, path: str, photo: bytes, **fields: str) -> TestResponse:
    return web.send_photo(path, photo, **fields)


def in_base64(web: WebFixture, path: str, photo: bytes, **fields: str) -> TestResponse:
    return web.client.post(path, json={**fields, "image": base64_of(photo)})


def by_key(web: WebFixture, path: str, photo: bytes, **fields: str) -> TestResponse:
    web.album.objects["2026/a.jpg"] = photo
    return web.client.post(path, json={**fields, "s3_key": "2026/a.jpg", "s3_bucket": "album"})


def by_key_in_form(web: WebFixture, path: str, photo: bytes, **fields: str) -> TestResponse:
    web.album.objects["b.jpg"] = photo
    return web.send_form(path, fields={**fields, "s3_key": "b.jpg"})


WAYS = [as_file, in_base64, by_key, by_key_in_form]
Way = Callable[..., TestResponse]


@pytest.mark.parametrize("path", PHOTO_PATHS)
@pytest.mark.parametrize("way", WAYS)
def test_photo_is_read_in_every_way(web: WebFixture, path: str, way: Way) -> None:
    response = way(web, path, PHOTO, **FIELDS[path])

    assert response.status_code == (202 if path == "/faces/index" else 200), response.text


@pytest.mark.parametrize("path", PHOTO_PATHS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"hello", "UNSUPPORTED_IMAGE"),
        (PHOTO[:-30], "TRUNCATED_IMAGE"),
        (made_photo(size=(101, 100)), "TOO_MANY_PIXELS"),
        (PHOTO + b"\x00" * (1024 * 1024), "FILE_TOO_LARGE"),
        (PHOTO + b"\x00" * (4 * 1024 * 1024), "FILE_TOO_LARGE"),
    ],
)
def test_unusable_photo_is_refused_in_every_way(
    web: WebFixture, path: str, way: Way, photo: bytes, code: str
) -> None:
    before = dict(web.inputs.objects)

    assert_error(way(web, path, photo, **FIELDS[path]), 400, code, retryable=False)
    assert web.inputs.objects == before


@pytest.mark.parametrize("path", PHOTO_PATHS)
def test_photo_is_inspected_once(
    web: WebFixture, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspected: list[bytes] = []
    monkeypatch.setattr(
        "core.submission.photo_intake.inspect_photo", lambda photo, **_: inspected.append(photo)
    )

    as_file(web, path, PHOTO, **FIELDS[path])

    assert inspected == [PHOTO]


@pytest.mark.parametrize("path", PHOTO_PATHS)
def test_photo_comes_in_exactly_one_way(web: WebFixture, path: str) -> None:
    web.album.objects["k"] = PHOTO
    image = base64_of(PHOTO)
    refused = {
        "image: ": {},
        "image, s3_key: ": {"image": image, "s3_key": "k"},
        "s3_bucket: ": {"image": image, "s3_bucket": "album"},
        "image: it is not base64": {"image": image[:-3]},
        "image: String": {"image": ""},
        "colour: ": {"image": image, "colour": "red"},
        "s3_key: ": {"s3_key": "a\x00b"},
    }

    for text, body in refused.items():
        response = web.client.post(path, json={**FIELDS[path], **body})
        assert_error(response, 400, "INVALID_REQUEST")
        assert response.get_json()["error"].startswith(text), response.text


@pytest.mark.parametrize("path", PHOTO_PATHS)
def test_form_is_held_to_the_same(web: WebFixture, path: str) -> None:
    fields = FIELDS[path]
    refused = {
        "image: in a form it must be a file": web.send_form(
            path, fields={**fields, "image": "a.jpg"}
        ),
        "photo: ": web.send_form(path, files={"photo": ("a.jpg", PHOTO)}, fields=fields),
        "colour: ": web.send_photo(path, PHOTO, **fields, colour="red"),
        "s3_key: it comes 2 times": web.send_form(
            path, fields=[*fields.items(), ("s3_key", "a"), ("s3_key", "b")]
        ),
    }

    for text, response in refused.items():
        assert_error(response, 400, "INVALID_REQUEST")
        assert response.get_json()["error"].startswith(text), response.text


@pytest.mark.parametrize("path", PHOTO_PATHS)
def test_other_content_types_are_415(web: WebFixture, path: str) -> None:
    for kind in ("image/jpeg", "application/x-www-form-urlencoded", None):
        response = web.client.post(path, data=PHOTO, content_type=kind)
        assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path", PHOTO_PATHS)
def test_bucket_must_be_allowed_and_key_be_there(web: WebFixture, path: str) -> None:
    body = {**FIELDS[path], "s3_key": "none.jpg"}

    missing = web.client.post(path, json=body)
    refused = web.client.post(path, json={**body, "s3_bucket": "gallery-bucket"})
    web.album.available = False
    away = web.client.post(path, json=body)
    web.album.exists = False
    no_bucket = web.client.post(path, json=body)

    assert_error(missing, 404, "INPUT_MISSING", retryable=False)
    assert_error(refused, 400, "BUCKET_NOT_ALLOWED")
    assert_error(away, 503, "STORAGE_UNAVAILABLE", retryable=True)
    assert_error(no_bucket, 404, "BUCKET_NOT_FOUND", retryable=False)


@pytest.mark.parametrize("path", SYNCHRONOUS)
@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        (TooBusy("all 1 children are busy"), 429, True),
        (RecognitionTimedOut("over 30 s"), 504, True),
        (RecognizerDied("exit code -9"), 503, True),
        (InvalidImage("damaged"), 400, False),
    ],
)
def test_recogniser_that_gives_no_answer_has_a_status(
    web: WebFixture, path: str, error: Exception, status: int, retryable: bool
) -> None:
    web.fails(PHOTO, error)

    response = web.send_photo(path, PHOTO, **FIELDS[path])

    assert_error(response, status, type(error).code, retryable=retryable)  # type: ignore[attr-defined]
    assert response.headers.get("Retry-After") == {429: "1", 503: "5"}.get(status)
    assert "exit code" not in response.text


@pytest.mark.parametrize("path", ["/faces/index", "/faces/match", "/faces/verify"])
def test_unknown_collection_is_404(web: WebFixture, path: str) -> None:
    fields = {**FIELDS[path], "collection_id": "none"}
    assert_error(web.send_photo(path, PHOTO, **fields), 404, "COLLECTION_NOT_FOUND")
    fields["collection_id"] = "a b"
    assert_error(web.send_photo(path, PHOTO, **fields), 400, "INVALID_COLLECTION_ID")


@pytest.mark.parametrize("path", ["/faces/match", "/faces/verify"])
def test_embeddings_of_another_model_are_a_conflict(web: WebFixture, path: str) -> None:
    web.shows(PHOTO, face(), model=Model(name="other", version="2"))

    assert_error(web.send_photo(path, PHOTO, **FIELDS[path]), 409, "MODEL_MISMATCH")


def test_indexed_photo_is_followed_by_its_job(web: WebFixture) -> None:
    accepted = web.send_photo(
        "/faces/index", PHOTO, **INDEX, person="Ada", max_faces="7", metadata='{"k": "ü"}'
    )

    answer = json_of(accepted, 202)
    assert answer == {"job_id": answer["job_id"], "status": "SUBMITTED"}
    location = accepted.headers["Location"]
    assert location == f"/status/{answer['job_id']}"
    job = IndexJob.from_body(web.index_queue.bodies[-1])
    assert (job.max_faces, job.person, job.metadata) == (7, "Ada", {"k": "ü"})
    assert json_of(web.client.get(location), 202)["status"] == "pending"

    web.index_all()

    done = json_of(web.client.get(location))
    assert (done["status"], done["kind"], done["image_id"]) == ("done", "index", "ada-1")
    assert [record["person"] for record in done["face_records"]] == ["Ada"]
    assert done["unindexed_faces"] == []


def test_face_of_several_is_indexed_by_its_box_or_as_the_largest(web: WebFixture) -> None:
    web.shows(PHOTO, face(0.1, left=0), face(0.9, left=200, side_px=90))
    ways: dict[str, dict[str, Any]] = {
        "neither": {},
        "largest": {"largest": True},
        "box": {"box": "200,20,90,90"},
        "elsewhere": {"box": "400,20,90,90"},
    }

    for image_id, fields in ways.items():
        asked = {"collection_id": "staff", "image_id": image_id, "person": image_id, **fields}
        json_of(web.client.post("/faces/index", json={**asked, "image": base64_of(PHOTO)}), 202)
    texts = {name: str(value).lower() for name, value in asked.items()}
    assert web.send_photo("/faces/index", PHOTO, **texts).status_code == 202
    neither, largest, box, *elsewhere = web.index_all()

    assert isinstance(neither, IndexDone)
    assert neither.face_records == []
    assert isinstance(largest, IndexDone)
    assert [record.face.box.left for record in largest.face_records] == [0]
    assert isinstance(box, IndexDone)
    assert [record.face.box.left for record in box.face_records] == [200]
    for failed in elsewhere:
        status = json_of(web.client.get(f"/status/{failed.job_id}"))
        assert status["error"]["code"] == "NO_FACE_IN_BOX"


def test_photo_under_a_second_name_is_said_so(web: WebFixture) -> None:
    web.enrol("staff", "ada-1", face(0.5), person="Ada")

    done = web.enrol("staff", "bob-1", face(0.5), person="Bob")

    assert done.face_records == []
    assert [each.reason for each in done.unindexed_faces] == ["SAME_PHOTO"]


def test_batch_takes_the_largest_faces_where_that_is_asked_for(web: WebFixture) -> None:
    web.album.objects["k.jpg"] = PHOTO
    body = {"collection_id": "staff", "s3_keys": ["k.jpg"], "largest": True}
    assert web.client.post("/faces/index/batch", json=body).status_code == 202

    assert IndexJob.from_body(web.index_queue.bodies[-1]).largest


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("box", "1,2,3"),
        ("largest", "perhaps"),
        ("max_faces", "0"),
        ("max_faces", "101"),
        ("max_faces", "x"),
        ("metadata", "{"),
        ("metadata", "[]"),
        ("metadata", '{"k": 1}'),
        ("metadata", '{"k": "\\uffff"}'),
        ("person", "Unknown"),
        ("image_id", ""),
    ],
)
def test_index_names_the_field_that_is_refused(web: WebFixture, name: str, value: str) -> None:
    response = web.send_photo("/faces/index", PHOTO, **{**INDEX, name: value})

    assert_error(response, 400, "INVALID_REQUEST")
    assert response.get_json()["error"].startswith(name)


def test_absent_index_queue_is_503_and_leaves_no_photo(web: WebFixture) -> None:
    before = dict(web.inputs.objects)
    web.index_queue.available = False

    response = web.send_photo("/faces/index", PHOTO, **INDEX)

    assert_error(response, 503, "QUEUE_UNAVAILABLE")
    assert web.inputs.objects == before


def test_match_describes_the_searched_face_and_who_is_like_it(web: WebFixture) -> None:
    web.shows(PHOTO, face(0.1), face(3.0, side_px=50))

    answer = json_of(web.send_photo("/faces/match", PHOTO, collection_id="staff"))

    assert (answer["collection_id"], answer["threshold"]) == ("staff", 80)
    assert answer["ignored_faces"] == 1
    (found,) = answer["faces"]
    assert found["searched_face"]["box"]["width"] == 100
    (match,) = found["matches"]
    assert match["person"] == "Ada"
    assert match["image_id"] == "ada-0"
    assert match["metadata"] == {"year": "1815"}
    assert match["distance"] == pytest.approx(0.1)
    assert match["similarity"] > 95
    assert "embedding" not in json.dumps(answer)


def test_match_of_all_faces_ignores_none(web: WebFixture) -> None:
    web.shows(PHOTO, face(0.1), face(3.0))

    answer = json_of(web.send_photo("/faces/match", PHOTO, collection_id="staff", all_faces="true"))

    assert answer["ignored_faces"] == 0
    assert [len(found["matches"]) for found in answer["faces"]] == [1, 0]


def test_match_of_a_photo_without_face_is_an_empty_list(web: WebFixture) -> None:
    web.shows(PHOTO)

    answer = json_of(web.send_photo("/faces/match", PHOTO, collection_id="staff"))

    assert (answer["faces"], answer["ignored_faces"]) == ([], 0)


def test_match_is_bounded_by_threshold_and_number(web: WebFixture) -> None:
    for number in range(3):
        web.enrol("staff", f"more-{number}", face(0.2), person="Eve")
    web.shows(PHOTO, face(0.1))

    def matches(**fields: object) -> int:
        body = {"image": base64_of(PHOTO), "collection_id": "staff", "by": "face", **fields}
        return len(json_of(web.client.post("/faces/match", json=body))["faces"][0]["matches"])

    assert matches() == 4
    assert matches(max_matches=2) == 2
    assert matches(threshold=100) == 0
    assert matches(threshold=None) == 4
    assert matches(by="person") == 2


@pytest.mark.parametrize(
    "body",
    [
        {"threshold": -1},
        {"threshold": 100.5},
        {"threshold": True},
        {"max_matches": 0},
        {"max_matches": 101},
        {"max_matches": "3"},
        {"all_faces": "yes"},
        {"collection_id": None},
    ],
)
def test_match_refuses_what_is_out_of_bounds(web: WebFixture, body: dict[str, object]) -> None:
    given = {"image": base64_of(PHOTO), "collection_id": "staff", **body}

    response = web.client.post("/faces/match", json=given)

    assert_error(response, 400, "INVALID_REQUEST")
    assert response.get_json()["error"].startswith(next(iter(body)))


def test_two_photos_are_verified(web: WebFixture) -> None:
    other = photo_number(50)
    web.shows(PHOTO, face(0.0))
    web.shows(other, face(0.1))
    files = {"image": ("a.jpg", PHOTO), "other_image": ("b.jpg", other)}

    same = json_of(web.send_form("/faces/verify", files=files))
    strict = json_of(web.send_form("/faces/verify", files=files, fields={"threshold": "99.9"}))

    assert (same["same"], same["threshold"]) == (True, 80)
    assert same["similarity"] > 95
    assert (strict["same"], strict["threshold"]) == (False, 99.9)


def test_photo_is_verified_against_a_person_by_the_collections_threshold(web: WebFixture) -> None:
    web.create("strict", threshold=99)
    web.enrol("strict", "ada", face(0.2), person="Ada")

    answer = json_of(
        web.client.post(
            "/faces/verify",
            json={"image": base64_of(PHOTO), "collection_id": "strict", "person": "Ada"},
        )
    )

    assert (answer["same"], answer["threshold"]) == (False, 99)


def test_verification_needs_a_face_on_each_photo(web: WebFixture) -> None:
    empty = photo_number(51)
    web.shows(empty)

    response = web.client.post(
        "/faces/verify", json={"image": base64_of(PHOTO), "other_image": base64_of(empty)}
    )

    assert_error(response, 400, "NO_FACE")
    assert "other_image" in response.get_json()["error"]


def test_verification_against_nobody_is_404(web: WebFixture) -> None:
    response = web.send_photo("/faces/verify", PHOTO, collection_id="staff", person="Eve")

    assert_error(response, 404, "PERSON_NOT_FOUND")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"person": "Ada"},
        {"collection_id": "staff"},
        {"collection_id": "staff", "other_image": base64.b64encode(PHOTO).decode()},
        {
            "collection_id": "staff",
            "person": "Ada",
            "other_image": base64.b64encode(PHOTO).decode(),
        },
    ],
)
def test_verification_compares_with_exactly_one(web: WebFixture, more: dict[str, str]) -> None:
    response = web.client.post("/faces/verify", json={"image": base64_of(PHOTO), **more})

    assert_error(response, 400, "INVALID_REQUEST")


def test_detection_describes_faces_and_stores_nothing(web: WebFixture) -> None:
    before = dict(web.inputs.objects)
    web.shows(PHOTO, face(), face(1.0, side_px=40))

    answer = json_of(web.send_photo("/faces/detect"))

    assert [found["box"]["width"] for found in answer["faces"]] == [100, 40]
    assert set(answer["faces"][0]) == {
        "box",
        "landmarks",
        "roll",
        "detection_score",
        "quality",
        "quality_reasons",
    }
    assert answer["image"] == {"width": 640, "height": 480}
    assert answer["model"] == {"name": "test-model", "version": "1"}
    assert answer["timings_ms"] == TIMINGS_MS
    assert web.inputs.objects == before


def test_batch_of_keys_is_counted_and_paged(web: WebFixture) -> None:
    keys = [f"2026/{number}.jpg" for number in range(3)]
    web.album.objects |= dict.fromkeys(keys, PHOTO)

    accepted = web.client.post(
        "/faces/index/batch", json={"collection_id": "staff", "s3_keys": keys}
    )

    answer = json_of(accepted, 202)
    assert answer == {"batch_id": answer["batch_id"], "status": "SUBMITTED"}
    location = accepted.headers["Location"]
    assert location == f"/batches/{answer['batch_id']}"
    waiting = json_of(web.client.get(location))
    assert (waiting["total"], waiting["pending"], waiting["done"]) == (3, 3, 0)

    web.index_all()

    first = json_of(web.client.get(f"{location}?limit=2"))
    second = json_of(web.client.get(f"{location}?limit=2&next_token={first['next_token']}"))
    assert (first["done"], first["failed"], first["pending"]) == (3, 0, 0)
    outcomes = [*first["outcomes"], *second["outcomes"]]
    assert [outcome["image_id"] for outcome in outcomes] == keys
    assert {(outcome["status"], outcome["faces"]) for outcome in outcomes} == {("done", 1)}
    assert second["next_token"] is None
    assert json_of(web.client.get(f"/status/{outcomes[0]['job_id']}"))["kind"] == "index"


def test_batch_by_prefix_takes_all_keys_that_begin_so(web: WebFixture) -> None:
    web.album.objects |= {"2025/a.jpg": PHOTO, "2026/a.jpg": PHOTO, "2026/b.jpg": PHOTO}

    accepted = web.client.post(
        "/faces/index/batch",
        json={"collection_id": "staff", "s3_bucket": "album", "s3_prefix": "2026/"},
    )

    assert json_of(web.client.get(accepted.headers["Location"]))["total"] == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "INVALID_REQUEST"),
        ({"s3_keys": []}, 400, "INVALID_REQUEST"),
        ({"s3_keys": ["a"], "s3_prefix": "a"}, 400, "INVALID_REQUEST"),
        ({"s3_keys": ["a", "a"]}, 400, "INVALID_REQUEST"),
        ({"s3_keys": [str(number) for number in range(1001)]}, 400, "INVALID_REQUEST"),
        ({"s3_prefix": "nothing/"}, 400, "INVALID_REQUEST"),
        ({"s3_keys": ["a"], "s3_bucket": "other"}, 400, "BUCKET_NOT_ALLOWED"),
        ({"s3_keys": ["a"], "collection_id": "none"}, 404, "COLLECTION_NOT_FOUND"),
        ({"s3_keys": ["a"], "collection_id": "a b"}, 400, "INVALID_COLLECTION_ID"),
    ],
)
def test_odd_batches_are_refused(
    web: WebFixture, body: dict[str, object], status: int, code: str
) -> None:
    response = web.client.post("/faces/index/batch", json={"collection_id": "staff", **body})

    assert_error(response, status, code)
    assert not web.index_queue.bodies


def test_unknown_batch_is_404_and_odd_token_refused(web: WebFixture) -> None:
    for batch_id in ("odd", "7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d"):
        assert_error(web.client.get(f"/batches/{batch_id}"), 404, "BATCH_NOT_FOUND")
    web.album.objects["a"] = PHOTO
    accepted = web.client.post(
        "/faces/index/batch", json={"collection_id": "staff", "s3_keys": ["a"]}
    )
    for token in ("MQ==", "NQ==", "LTE=", "MS4w", "wrk=", "YQ==", "!"):
        response = web.client.get(f"{accepted.headers['Location']}?next_token={token}")
        assert_error(response, 400, "INVALID_REQUEST")


def test_upload_looks_for_people_in_the_given_collection(web: WebFixture) -> None:
    def upload(**fields: str) -> TestResponse:
        return web.send_form("/", files={"inputFile": ("a.jpg", PHOTO)}, fields=fields)

    assert upload(collection_id="staff").status_code == 200
    assert_error(upload(collection_id="none"), 404, "COLLECTION_NOT_FOUND")
    assert_error(upload(collection_id="a b"), 400, "INVALID_COLLECTION_ID")
    refused = upload(colour="red")
    assert_error(refused, 400, "INVALID_REQUEST")
    assert refused.get_json()["error"].startswith("colour: ")


def test_whole_number_may_have_a_fraction_of_zero(web: WebFixture) -> None:
    request = {"collection_id": "staff", "image": base64_of(PHOTO), "max_matches": 3.0}

    assert web.client.post("/faces/match", json=request).status_code == 200
    assert_error(
        web.client.post("/faces/match", json=request | {"max_matches": 3.5}),
        400,
        "INVALID_REQUEST",
    )


def in_form(web: WebFixture, quality: float) -> TestResponse:
    return web.send_photo("/faces/index", PHOTO, **INDEX, min_quality=str(quality))


def in_json(web: WebFixture, quality: float) -> TestResponse:
    asked = {**INDEX, "image": base64_of(PHOTO), "min_quality": quality}
    return web.client.post("/faces/index", json=asked)


@pytest.mark.parametrize("send", [in_form, in_json])
def test_poor_face_is_not_indexed_unless_asked(
    web: WebFixture, send: Callable[[WebFixture, float], TestResponse]
) -> None:
    web.shows(PHOTO, face(7.0, quality=30))

    web.send_photo("/faces/index", PHOTO, **INDEX)
    (poor,) = web.index_all()
    json_of(send(web, 30), 202)
    (added,) = web.index_all()

    assert isinstance(poor, IndexDone)
    assert isinstance(added, IndexDone)
    assert poor.face_records == []
    assert [unindexed.reason for unindexed in poor.unindexed_faces] == ["LOW_QUALITY"]
    assert poor.unindexed_faces[0].face.quality_reasons == ["LOW_SHARPNESS"]
    assert len(added.face_records) == 1


def test_upload_may_ask_for_a_quality(web: WebFixture) -> None:
    def upload(**fields: str) -> TestResponse:
        return web.send_form("/", files={"inputFile": ("a.jpg", PHOTO)}, fields=fields)

    job_id = json_of(upload(min_quality="30"))["job_id"]

    noted = web.inputs.get(f"{job_id}_a.jpg").metadata
    assert noted == {COLLECTION_NOTE: "default", MIN_QUALITY_NOTE: "30.0"}
    assert_error(upload(min_quality="101"), 400, "INVALID_REQUEST")


def test_batch_may_ask_for_a_quality(web: WebFixture) -> None:
    web.album.objects["2026/a.jpg"] = PHOTO
    web.shows(PHOTO, face(7.0, quality=60))

    batch = {"collection_id": "staff", "s3_prefix": "2026/", "min_quality": 70}
    json_of(web.client.post("/faces/index/batch", json=batch), 202)
    (done,) = web.index_all()

    assert isinstance(done, IndexDone)
    assert [unindexed.reason for unindexed in done.unindexed_faces] == ["LOW_QUALITY"]


def test_poor_face_is_not_matched_unless_asked(web: WebFixture) -> None:
    web.shows(PHOTO, face(0.0, quality=10))

    poor, asked = (
        json_of(web.send_photo("/faces/match", PHOTO, collection_id="staff", **more))["faces"]
        for more in ({}, {"min_quality": "0"})
    )

    assert (poor[0]["matches"], poor[0]["warning"]) == ([], "NOT_SEARCHED")
    assert poor[0]["searched_face"]["quality_reasons"] == ["LOW_SHARPNESS"]
    assert asked[0]["matches"][0]["person"] == "Ada"
    assert asked[0]["warning"] == "POOR_FACE"


@pytest.mark.parametrize("path", ["/faces/index", "/faces/match"])
@pytest.mark.parametrize("quality", ["-1", "100.5", "nan", "good"])
def test_quality_out_of_bounds_is_refused(web: WebFixture, path: str, quality: str) -> None:
    response = web.send_photo(path, PHOTO, **FIELDS[path], min_quality=quality)

    assert_error(response, 400, "INVALID_REQUEST")
    assert response.json is not None
    assert "min_quality" in response.json["error"]
