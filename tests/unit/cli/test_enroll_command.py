"""Which photos of a folder are enrolled, and why others are not."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from efr_cli.enroll.folder import BATCH, name_of

from core.collections.enrolment.face_ids import face_id
from core.errors import InvalidImage
from core.faces.results import EVERY_FACE, Model, Needed, Recognition
from core.testing.recognizer import as_needed
from tests.support.faces import face, recognition
from tests.unit.cli.cli_fixture import CliFixture, codes, digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people" / "Ada").mkdir(parents=True)
    (tmp_path / "people" / "Ada" / "photo.jpg").write_bytes(b"a photo")
    return tmp_path / "people"


def test_photo_with_one_face_is_enrolled(cli: CliFixture, folder: Path) -> None:
    result = cli.run("enroll", folder)

    (enrolled,) = cli.enrolled("default")
    assert result.exit_code == 0
    assert result.stdout == "1 photo of 1 person in 'default', 1 of them new\n"
    assert enrolled.person == "Ada"
    assert enrolled.image_id == digest(b"a photo")
    assert enrolled.face_id == face_id("default", enrolled.image_id, 0)
    assert enrolled.job_id is None


def test_enrolling_again_changes_nothing(cli: CliFixture, folder: Path) -> None:
    cli.run("enroll", folder)

    result = cli.run("enroll", folder)

    assert result.stdout == "1 photo of 1 person in 'default', 0 of them new\n"
    assert len(cli.enrolled("default")) == 1


@pytest.fixture
def recognised(cli: CliFixture, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the photos that commands recognise from now on."""
    photos: list[bytes] = []

    def recognise(photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        photos.append(photo)
        return as_needed(cli.answer(photo), needed)

    monkeypatch.setattr(cli, "recognise", recognise)
    return photos


def test_photos_that_are_enrolled_are_not_recognised_again(
    cli: CliFixture, folder: Path, recognised: list[bytes]
) -> None:
    (folder / "Ada" / "second.jpg").write_bytes(b"second")
    cli.run("enroll", folder)
    (folder / "Ada" / "third.jpg").write_bytes(b"third")
    (folder / "Bob").mkdir()
    (folder / "Bob" / "fourth.jpg").write_bytes(b"fourth")
    recognised.clear()

    result = cli.run("enroll", folder)

    assert result.stdout == "4 photos of 2 people in 'default', 2 of them new\n"
    assert sorted(recognised) == [b"fourth", b"third"]


def test_all_photos_are_recognised_again_where_that_is_asked_for(
    cli: CliFixture, folder: Path, recognised: list[bytes]
) -> None:
    (folder / "Ada" / "second.jpg").write_bytes(b"second")
    cli.run("enroll", folder)
    recognised.clear()

    result = cli.run("enroll", folder, "--again")

    assert result.stdout == "2 photos of 1 person in 'default', 0 of them new\n"
    assert len(recognised) == 2


def test_other_engine_is_noticed_though_all_photos_are_enrolled(
    cli: CliFixture, folder: Path
) -> None:
    cli.run("enroll", folder)
    cli.faces[b"a photo"] = replace(recognition(face()), model=Model(name="other", version="1"))

    result = cli.run("enroll", folder)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["MODEL_MISMATCH"]


def test_copies_of_one_photo_count_once(cli: CliFixture, folder: Path) -> None:
    for number in range(5):
        (folder / "Ada" / f"copy {number}.jpg").write_bytes(b"a photo")

    first, second = cli.run("enroll", folder), cli.run("enroll", folder)

    assert first.stdout == "1 photo of 1 person in 'default', 1 of them new\n"
    assert second.stdout == "1 photo of 1 person in 'default', 0 of them new\n"
    assert first.exit_code == 0


def test_collection_that_is_not_there_is_made(cli: CliFixture, folder: Path) -> None:
    assert cli.run("enroll", folder, "--collection", "staff").exit_code == 0

    assert cli.names("staff") == ["Ada"]
    assert cli.run("enroll", folder, "--collection", "a/b").exit_code == 2


def test_many_photos_are_stored_in_batches(cli: CliFixture, folder: Path) -> None:
    for number in range(BATCH + 1):
        (folder / "Ada" / f"{number}.jpg").write_bytes(b"%d" % number)

    cli.run("enroll", folder)

    assert len(cli.enrolled("default")) == BATCH + 2


def test_small_face_in_the_background_does_no_harm(cli: CliFixture, folder: Path) -> None:
    cli.faces[b"a photo"] = recognition(face(side_px=100), face(side_px=40))

    assert cli.run("enroll", folder).exit_code == 0
    assert cli.names("default") == ["Ada"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (recognition(face(side_px=100), face(side_px=60)), "SEVERAL_FACES"),
        (recognition(), "NO_FACE"),
        (InvalidImage("damaged"), "INVALID_IMAGE"),
    ],
)
def test_photo_without_use_is_named_with_its_reason(
    cli: CliFixture, folder: Path, answer: Recognition | Exception, code: str
) -> None:
    cli.faces[b"a photo"] = answer

    result = cli.run("enroll", folder)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"not enrolled: {folder}/Ada/photo.jpg: {code}: ")
    assert cli.enrolled("default") == []


def test_largest_of_several_faces_is_taken_where_that_is_asked_for(
    cli: CliFixture, folder: Path
) -> None:
    cli.faces[b"a photo"] = recognition(face(0.5, side_px=100), face(0.7, side_px=60))

    assert cli.run("enroll", folder, "--largest").exit_code == 0

    assert [face.embedding[0] for face in cli.enrolled("default")] == [0.5]


def test_files_beside_the_folders_are_nobodys(cli: CliFixture, folder: Path) -> None:
    (folder / "stray.jpg").write_bytes(b"a stray")
    (folder / "Ada" / ".hidden.jpg").write_bytes(b"hidden")

    result = cli.run("enroll", folder)

    assert result.exit_code == 1
    assert codes(result.stderr) == ["NO_PERSON"]


def test_photo_in_two_folders_stays_with_the_first(cli: CliFixture, folder: Path) -> None:
    (folder / "Bob").mkdir()
    (folder / "Bob" / "same.jpg").write_bytes(b"a photo")

    for _ in range(2):
        result = cli.run("enroll", folder)

        assert codes(result.stderr) == ["SAME_PHOTO"]
        assert "also in the folder of Ada" in result.stderr
        assert cli.names("default") == ["Ada"]


def test_rejected_person_is_not_enrolled_again(cli: CliFixture, folder: Path) -> None:
    cli.run("enroll", folder)
    (enrolled,) = cli.enrolled("default")
    cli.people.reject("default", enrolled.face_id, "Ada")

    result = cli.run("enroll", folder)

    assert result.exit_code == 1
    assert codes(result.stderr) == ["PERSON_REJECTED"]
    assert cli.names("default") == [None]


def test_collection_of_another_model_is_refused(cli: CliFixture, folder: Path) -> None:
    cli.enrol("default", "Bob", model=Model(name="other", version="1"))

    result = cli.run("enroll", folder)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["MODEL_MISMATCH"]


def test_faces_go_to_the_gallery_that_a_rebuild_has_switched_to(
    cli: CliFixture, folder: Path
) -> None:
    cli.enrol("default", "Bob")
    fresh = "f" * 32
    cli.index.create(fresh, length=128)
    put = cli.index.put

    def put_during_a_switch(gallery_id: str, faces: list[object]) -> None:
        put(gallery_id, faces)  # type: ignore[arg-type]
        if gallery_id != fresh:
            assert cli.collections.swap_gallery(cli.collections.get("default"), fresh)

    cli.index.put = put_during_a_switch  # type: ignore[method-assign,assignment]

    assert cli.run("enroll", folder).exit_code == 0
    assert [face.person for face in cli.index.galleries[fresh].values()] == ["Ada"]
    assert len(cli.index.galleries) == 2


def test_nothing_stays_of_a_collection_that_is_erased_meanwhile(
    cli: CliFixture, folder: Path
) -> None:
    cli.run("collections", "create", "staff")
    put = cli.index.put

    def put_during_an_erasure(gallery_id: str, faces: list[object]) -> None:
        put(gallery_id, faces)  # type: ignore[arg-type]
        cli.collections.begin_erasure("staff")

    cli.index.put = put_during_an_erasure  # type: ignore[method-assign,assignment]

    result = cli.run("enroll", folder, "--collection", "staff")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["COLLECTION_NOT_FOUND"]
    assert cli.index.galleries == {}


def test_metadata_that_differs_counts_as_changed(cli: CliFixture, folder: Path) -> None:
    cli.run("enroll", folder)
    gallery = cli.index.galleries[cli.collections.get("default").gallery_id]
    for known in list(gallery.values()):
        gallery[known.face_id] = replace(known, person="Eve")

    assert "1 of them new" in cli.run("enroll", folder).stdout


@pytest.mark.parametrize("files", [[], ["stray.jpg"]])
def test_folder_without_people_is_refused(
    cli: CliFixture, tmp_path: Path, files: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for name in files:
        (tmp_path / "empty" / name).write_bytes(b"a photo")

    result = cli.run("enroll", tmp_path / "empty")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["NO_PHOTOS"]
    assert cli.started == 0


@pytest.mark.parametrize("name", ["Unknown", "No face", " Ada", "A\nB", "Jos\udce9", "A" * 101, ""])
def test_odd_folder_names_are_no_names(name: str) -> None:
    assert name_of(name) is None


@pytest.mark.parametrize("name", ["Ada Lovelace", "José", "王小明", "O'Neill"])
def test_names_in_any_script_are_names(name: str) -> None:
    assert name_of(name) == name


def test_folders_of_one_name_in_two_spellings_are_one_persons(
    cli: CliFixture, folder: Path
) -> None:
    for number, name in enumerate(("Zo\u00eb", "Zoe\u0308")):
        (folder / name).mkdir()
        (folder / name / "photo.jpg").write_bytes(b"photo %d" % number)

    result = cli.run("enroll", folder)

    assert result.stdout == "3 photos of 2 people in 'default', 3 of them new\n"
    assert cli.names("default") == ["Ada", "Zo\u00eb", "Zo\u00eb"]


def test_name_that_is_no_text_is_reported(cli: CliFixture, folder: Path) -> None:
    odd = folder / os.fsdecode(b"Jos\xe9")
    odd.mkdir()
    (odd / "photo.jpg").write_bytes(b"another photo")

    result = cli.run("enroll", folder)

    assert result.exit_code == 1
    assert codes(result.stderr) == ["INVALID_NAME"]


def test_photo_of_a_poor_face_is_named_with_what_makes_it_poor(
    cli: CliFixture, folder: Path
) -> None:
    cli.faces[b"a photo"] = recognition(face(quality=30))

    result = cli.run("enroll", folder)

    assert result.exit_code == 1
    assert result.stderr.strip().endswith(
        "LOW_QUALITY: its quality is 30 (LOW_SHARPNESS), it must be 50 or more"
    )
    assert cli.run("enroll", folder, "--min-quality", "30").exit_code == 0
    assert len(cli.enrolled("default")) == 1


@pytest.mark.parametrize("quality", ["-1", "101", "nan", "good"])
def test_quality_is_a_number_from_0_to_100(cli: CliFixture, folder: Path, quality: str) -> None:
    assert cli.run("enroll", folder, "--min-quality", quality).exit_code == 2
