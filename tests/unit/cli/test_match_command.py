"""What is said of the faces on a photo."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from efr_cli.app import main

from core.errors import InvalidImage, RecognitionTimedOut
from core.faces.results import Model, Recognition
from tests.support.faces import face, recognition
from tests.unit.cli.cli_fixture import CliFixture, codes


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"photo")
    return path


def test_known_person_is_named_nearest_first(cli: CliFixture, photo: Path) -> None:
    cli.enrol("default", "Ada", "Bob", "Eve", position=0.1)

    result = cli.run("match", photo)

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "1 face searched in 'default' from similarity 80, 0 ignored"
    assert [line.split()[2] for line in lines[2:]] == ["Ada", "Bob", "Eve"]


def test_stranger_is_unknown(cli: CliFixture, photo: Path) -> None:
    cli.enrol("default", "Ada", position=5.0)

    result = cli.run("match", photo)

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "  Unknown"


def test_json_is_what_the_service_answers(cli: CliFixture, photo: Path) -> None:
    (ada,) = cli.enrol("default", "Ada")

    answer = json.loads(cli.run("match", photo, "--json").stdout)

    (match,) = answer["faces"][0]["matches"]
    assert answer["collection_id"] == "default"
    assert match["face_id"] == ada.face_id
    assert match["metadata"] == {"number": "0"}


def test_threshold_of_the_caller_counts(cli: CliFixture, photo: Path) -> None:
    cli.enrol("default", "Ada", position=0.4)

    strict = cli.run("match", photo, "--threshold", "95")
    kind = cli.run("match", photo, "--threshold", "80")

    assert "Ada" not in strict.stdout
    assert "Ada" in kind.stdout


def test_people_are_searched_by_their_metadata(cli: CliFixture, photo: Path) -> None:
    cli.enrol("default", "Ada", "Eve")
    cli.parts().consents.set_metadata("default", "Eve", {"team": "red", "floor": "2"})

    found = cli.run("match", photo, "--metadata", "team=red", "--metadata", "floor=2")
    nobody = cli.run("match", photo, "--metadata", "team=blue")

    assert [line.split()[2] for line in found.stdout.splitlines()[2:]] == ["Eve"]
    assert nobody.stdout.splitlines()[-1] == "  Unknown"
    assert codes(cli.run("match", photo, "--metadata", "team").stderr) == ["USAGE"]


def test_all_faces_are_searched_only_when_asked_for(cli: CliFixture, photo: Path) -> None:
    cli.faces[b"photo"] = recognition(face(0.0), face(5.0))
    cli.enrol("default", "Ada")
    cli.enrol("default", "Bob", position=5.0)

    largest = cli.run("match", photo)
    everybody = cli.run("match", photo, "--all-faces")

    assert "Bob" not in largest.stdout
    assert "1 ignored" in largest.stdout
    assert "Ada" in everybody.stdout
    assert "Bob" in everybody.stdout


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (recognition(), "NO_FACE"),
        (InvalidImage("damaged"), "INVALID_IMAGE"),
        (RecognitionTimedOut("too slow"), "RECOGNITION_TIMED_OUT"),
    ],
)
def test_photo_without_use_is_code_one(
    cli: CliFixture, photo: Path, answer: Recognition | Exception, code: str
) -> None:
    cli.faces[b"photo"] = answer

    result = cli.run("match", photo)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"not used: {photo}: {code}: ")


def test_photo_that_is_not_there_is_code_two(cli: CliFixture, tmp_path: Path) -> None:
    result = cli.run("match", tmp_path / "none.jpg")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["UNREADABLE"]


def test_collection_that_is_not_there_starts_no_child(cli: CliFixture, photo: Path) -> None:
    result = cli.run("match", photo, "--collection", "staff")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["COLLECTION_NOT_FOUND"]
    assert cli.started == 0


def test_collection_of_another_model_is_refused(cli: CliFixture, photo: Path) -> None:
    cli.enrol("default", "Ada", model=Model(name="other", version="1"))

    result = cli.run("match", photo)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["MODEL_MISMATCH"]


def test_poor_face_is_not_looked_for_unless_asked(cli: CliFixture, photo: Path) -> None:
    cli.enrol("default", "Ada")
    cli.faces[b"photo"] = recognition(face(quality=10))

    poor, asked = (cli.run("match", photo, *more) for more in ([], ["--min-quality", "5"]))

    assert poor.stdout.splitlines()[2:] == [
        "  NOT_SEARCHED: its quality is 10 (LOW_SHARPNESS)",
        "  Unknown",
    ]
    assert asked.stdout.splitlines()[2] == "  POOR_FACE: its quality is 10 (LOW_SHARPNESS)"
    assert "Ada" in asked.stdout


def test_many_photos_are_searched_in_their_order_by_as_many_children_as_there_are(
    cli: CliFixture, photo: Path, tmp_path: Path
) -> None:
    cli.enrol("default", "Ada")
    stranger, nobody = tmp_path / "stranger.jpg", tmp_path / "nobody.jpg"
    for path in (stranger, nobody):
        path.write_bytes(path.stem.encode())
    cli.faces |= {b"stranger": recognition(face(5.0)), b"nobody": recognition()}

    result = cli.run("match", stranger, photo, nobody, tmp_path / "none.jpg")

    named = [line.split(":")[0] for line in result.stdout.splitlines() if "searched in" in line]
    assert named == [str(stranger), str(photo), str(nobody)]
    assert result.exit_code == 1
    assert codes(result.stderr) == ["NO_FACE", "UNREADABLE"]
    assert cli.started == 2


def test_json_of_many_photos_is_a_line_for_each(cli: CliFixture, photo: Path) -> None:
    broken = photo.with_name("broken.jpg")
    broken.write_bytes(b"broken")
    cli.faces[b"broken"] = InvalidImage("damaged")

    result = cli.run("match", broken, photo, "--json")

    first, second = map(json.loads, result.stdout.splitlines())
    assert first == {"photo": str(broken), "code": "INVALID_IMAGE", "error": "damaged"}
    assert second["photo"] == str(photo)
    assert len(second["faces"]) == 1


def test_photo_can_be_on_standard_input(cli: CliFixture) -> None:
    cli.enrol("default", "Ada")

    result = CliRunner().invoke(main, ["match", "-"], obj=cli.parts, input=b"photo")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].split()[2] == "Ada"
