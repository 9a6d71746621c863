"""Which photos are enrolled, and why others are not."""

from pathlib import Path

import pytest
from enroll import Enrolment, Unused, enrolled_face, is_name

from core.errors import InvalidImage
from core.faces.results import Recognition
from core.gallery.stored_index import StoredFaceIndex
from core.testing import MemoryStore, ScriptedRecognizer
from tests.support.faces import MODEL, embedding, face, recognition


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"a photo")
    return path


def outcome(path: Path, answer: Recognition | Exception) -> str:
    found = enrolled_face(ScriptedRecognizer(answers=[answer]), "c", "Ada", path)
    return found.reason.split(":")[0] if isinstance(found, Unused) else found[0].person


def test_photo_with_one_face_is_enrolled(path: Path) -> None:
    assert outcome(path, recognition(face())) == "Ada"


def test_small_face_in_the_background_does_no_harm(path: Path) -> None:
    assert outcome(path, recognition(face(side_px=100), face(side_px=40))) == "Ada"


def test_faces_of_about_one_size_are_refused(path: Path) -> None:
    assert outcome(path, recognition(face(side_px=100), face(side_px=60))) == "SEVERAL_FACES"


def test_photo_without_face_is_refused(path: Path) -> None:
    assert outcome(path, recognition()) == "NO_FACE"


def test_damaged_photo_is_refused_with_its_code(path: Path) -> None:
    assert outcome(path, InvalidImage("damaged")) == "INVALID_IMAGE"


@pytest.mark.parametrize("name", ["Unknown", "No face", " Ada", "A\nB", "Jos\udce9"])
def test_odd_folder_names_are_no_names(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("name", ["Ada Lovelace", "José", "王小明", "O'Neill"])
def test_names_in_any_script_are_names(name: str) -> None:
    assert is_name(name)


def test_photo_in_two_folders_stays_with_the_first(path: Path) -> None:
    index = StoredFaceIndex(MemoryStore(), refresh_s=0)
    for _ in range(2):
        enrolment = Enrolment(
            collection_id="c",
            recognizer=ScriptedRecognizer(answers=[recognition(face())]),
            index=index,
        )
        enrolment.enrol([("Ada", path), ("Bob", path)], threads=1)

        match = index.nearest("c", embedding(0.0), model=MODEL)
        assert match is not None
        assert match.person == "Ada"
        assert [unused.reason.split(":")[0] for unused in enrolment.unused] == ["SAME_PHOTO"]
    assert enrolment.changed == 0
