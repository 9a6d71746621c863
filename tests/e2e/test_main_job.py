"""Upload a photo, get the person's name: over HTTP, through every real part."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from harness.waiting import wait_until
from tests.e2e.conftest import Service, enrol
from tests.support.photos import SAMPLES, made_photo, sample, shared_folder
from tests.support.waiting import let_pass

OBAMA = "Barack Obama"


def test_known_person_is_named(service: Service) -> None:
    result = service.result_of(sample("Barack Obama/obama2.jpg"))

    assert result["status"] == "done"
    assert result["result"] == OBAMA


def test_answer_describes_every_face(service: Service) -> None:
    result = service.result_of(sample("Barack Obama/obama.jpg"))

    (face,) = result["faces"]
    assert face["name"] == OBAMA
    assert face["similarity"] >= 80
    assert face["distance"] <= service.settings.max_distance
    assert face["quality"] > 50
    assert face["quality_reasons"] == []
    assert set(face["box"]) == {"left", "top", "width", "height"}
    assert set(face["landmarks"]) == {"left_eye", "right_eye", "nose"}
    assert result["image"] == {"width": 910, "height": 1137}
    assert result["model"] == {"name": "dlib-resnet-int8", "version": "1-mirrored"}
    assert set(result["timings_ms"]) == {"decode", "detect", "align", "embed", "search"}


def test_photo_without_people_has_no_face(service: Service) -> None:
    assert service.result_of(made_photo(size=(320, 240)))["result"] == "No face"


def test_job_is_polled_from_pending_to_done(service: Service) -> None:
    accepted = service.upload(sample("Joe Biden/biden.jpg"), Prefer="respond-async")
    assert accepted.status_code == 202
    location = service.address + accepted.headers["Location"]

    wait_until(lambda: requests.get(location, timeout=30).status_code == 200, seconds=90)

    assert requests.get(location, timeout=30).json()["result"] == "Joe Biden"


def test_damaged_photo_ends_as_failed(service: Service) -> None:
    photo = bytearray(made_photo("PNG", size=(300, 300)))
    photo[len(photo) // 2] ^= 0xFF

    result = service.result_of(bytes(photo))

    assert result["status"] == "failed"
    assert result["error"]["code"] == "INVALID_IMAGE"


def test_same_idempotency_key_gives_the_same_answer(service: Service) -> None:
    photo = sample("Joe Biden/biden.jpg")

    first = service.upload(photo, Idempotency_Key="one key")
    second = service.upload(photo, Idempotency_Key="one key")
    third = service.upload(made_photo(), Idempotency_Key="one key")

    assert first.json() == second.json()
    assert third.status_code == 422


def test_enrolment_reaches_a_running_worker_within_two_seconds(
    service: Service, tmp_path: Path
) -> None:
    stranger = (
        shared_folder("face-recognition-examples") / "images" / "examples" / "alex-lacamoire.png"
    )
    assert service.result_of(stranger.read_bytes())["result"] == "Unknown"
    (tmp_path / "Alex Lacamoire").mkdir()
    shutil.copy(stranger, tmp_path / "Alex Lacamoire")

    assert enrol(service.settings, tmp_path).returncode == 0
    let_pass(2)

    assert service.result_of(stranger.read_bytes())["result"] == "Alex Lacamoire"


def test_strangers_are_unknown(service: Service) -> None:
    examples = shared_folder("face-recognition-examples") / "images" / "examples"
    strangers = [
        "lin-manuel-miranda.png",
        "knn_examples/train/kit_harington/john1.jpeg",
        "knn_examples/train/rose_leslie/img1.jpg",
        "knn_examples/train/rose_leslie/img2.jpg",
        "knn_examples/test/kit_with_rose.jpg",
    ]

    answers = {name: service.result_of((examples / name).read_bytes()) for name in strangers}

    assert {name: answer["result"] for name, answer in answers.items()} == dict.fromkeys(
        strangers, "Unknown"
    )


def test_every_person_on_a_photo_is_named(service: Service) -> None:
    examples = shared_folder("face-recognition-examples") / "images" / "examples"

    result = service.result_of((examples / "two_people.jpg").read_bytes())

    assert {face["name"] for face in result["faces"]} == {OBAMA, "Joe Biden"}


def test_turned_phone_photos_are_upright(service: Service) -> None:
    folder = shared_folder("exif-orientation") / "face-derived"

    answers = [
        service.result_of(path.read_bytes())
        for path in sorted(folder.glob("lfw_Aaron_Peirsol_0001_orient*.jpg"))
    ]

    assert len({json.dumps(answer["image"]) for answer in answers}) == 1
    assert {len(answer["faces"]) for answer in answers} == {1}


def test_hundred_uploads_at_once_each_get_their_own_answer(
    new_service: Service, tmp_path: Path
) -> None:
    people = sorted((shared_folder("lfw-view1") / "images").iterdir())[:130]
    for person in people:
        shutil.copytree(person, tmp_path / person.name, symlinks=False)
        for spare in sorted((tmp_path / person.name).iterdir())[1:]:
            spare.unlink()
    report = enrol(new_service.settings, tmp_path).stderr
    photos = [
        path
        for path in sorted(tmp_path.glob("*/*"))
        if str(path) not in report  # found without exactly one face
    ][:100]
    assert len(photos) == 100

    def answer_to(path: Path) -> tuple[str, str]:
        answer = new_service.upload(path.read_bytes(), path.name)
        location = f"{new_service.address}/status/{answer.json()['job_id']}"
        if answer.status_code == 202:
            wait_until(
                lambda: requests.get(location, timeout=30).status_code == 200,
                seconds=300,
                every_s=float(answer.headers["Retry-After"]),
            )
        return path.parent.name, requests.get(location, timeout=30).json()["result"]

    with ThreadPoolExecutor(max_workers=100) as clients:
        answers = list(clients.map(answer_to, photos))

    assert [name for name, _ in answers] == [result for _, result in answers]


def test_samples_are_enrolled_once(service: Service) -> None:
    again = enrol(service.settings, SAMPLES)

    assert again.returncode == 0
    assert "0 of them new" in again.stdout


def test_unusable_photos_are_reported_when_enrolling(service: Service, tmp_path: Path) -> None:
    for folder in ("Nobody", "A", "B", "Unknown", os.fsdecode(b"Jos\xe9")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "face.jpg").write_bytes(sample("Joe Biden/biden.jpg"))
    (tmp_path / "stray.jpg").write_bytes(made_photo())
    (tmp_path / "Nobody" / "empty.jpg").write_bytes(made_photo())
    (tmp_path / "Nobody" / "broken.jpg").write_bytes(b"no image")

    report = enrol(service.settings, tmp_path, "--collection", "unusable")

    assert report.returncode == 1
    assert "B/face.jpg: SAME_PHOTO: also in the folder of A" in report.stderr
    assert "Unknown/face.jpg: INVALID_NAME" in report.stderr
    assert report.stderr.count("INVALID_NAME") == 2
    assert "stray.jpg: NO_PERSON" in report.stderr
    assert "empty.jpg: NO_FACE" in report.stderr
    assert "broken.jpg: INVALID_IMAGE" in report.stderr
