"""What labelled photos tell about the engine."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.faces import face, recognition
from tests.unit.cli.cli_fixture import CliFixture, codes


def _photos(cli: CliFixture, folder: Path, *, people: int, photos: int) -> Path:
    """Write photos of people whose faces are near each other, and far from all others."""
    chance = np.random.default_rng(1)
    for person in range(people):
        middle = chance.normal(0, 0.08, 128)
        (folder / f"Person {person:02d}").mkdir(parents=True)
        for number in range(photos):
            content = f"{person} {number}".encode()
            vector = (middle + chance.normal(0, 0.02, 128)).astype(np.float32)
            cli.faces[content] = recognition(face(vector=vector))
            (folder / f"Person {person:02d}" / f"{number}.jpg").write_bytes(content)
    return folder


def test_threshold_and_rate_are_proposed(cli: CliFixture, tmp_path: Path) -> None:
    result = cli.run("calibrate", _photos(cli, tmp_path / "people", people=30, photos=4))

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "120 photos of 30 people, test-model 1"
    assert lines[1] == "two photos: 180 pairs of one person, 6960 of two people"
    assert lines[4].startswith("15 people by up to 1 photos: ")
    assert lines[-1].startswith("proposed: threshold ")


def test_rates_are_printed_as_json(cli: CliFixture, tmp_path: Path) -> None:
    folder = _photos(cli, tmp_path / "people", people=30, photos=4)

    answer = json.loads(cli.run("calibrate", folder, "--json").stdout)

    assert answer["model"] == {"name": "test-model", "version": "1"}
    assert answer["people"] == 15
    assert [curve["photos"] for curve in answer["galleries"]] == [1, 2]
    last = answer["two_photos"]["rates"][-1]
    assert last == {"similarity": 100, "positives": 1, "negatives": 0}


def test_at_most_the_wanted_share_of_strangers_is_named_from_the_proposal_on(
    cli: CliFixture, tmp_path: Path
) -> None:
    folder = _photos(cli, tmp_path / "people", people=30, photos=4)

    answer = json.loads(cli.run("calibrate", folder, "--false-name-rate", "0.1", "--json").stdout)

    threshold = answer["proposal"]["threshold"]
    for curve in answer["galleries"]:
        (rates,) = [each for each in curve["rates"] if each["similarity"] == threshold]
        assert rates["negatives"] <= 0.1


def test_plot_is_drawn(cli: CliFixture, tmp_path: Path) -> None:
    folder = _photos(cli, tmp_path / "people", people=30, photos=4)

    cli.run("calibrate", folder, "--plot", tmp_path / "rates.svg")

    assert (tmp_path / "rates.svg").read_text().rstrip().endswith("</svg>")


def test_nothing_is_stored(cli: CliFixture, tmp_path: Path) -> None:
    cli.run("calibrate", _photos(cli, tmp_path / "people", people=30, photos=4))

    assert not cli.gallery.objects
    assert not cli.inputs.objects


@pytest.mark.parametrize(
    ("people", "photos", "said"),
    [
        (19, 6, "it takes 20 people, 10 of them with two photos or more"),
        (120, 1, "0 of them with two photos or more"),
        (24, 4, "that takes 100 photos, or a rate of 0.01 or more"),
    ],
)
def test_too_few_photos_are_refused_with_what_is_needed(
    cli: CliFixture, tmp_path: Path, people: int, photos: int, said: str
) -> None:
    result = cli.run("calibrate", _photos(cli, tmp_path / "people", people=people, photos=photos))

    assert result.exit_code == 2
    assert codes(result.stderr) == ["TOO_FEW_PHOTOS"]
    assert said in result.stderr


def test_higher_rate_needs_fewer_photos(cli: CliFixture, tmp_path: Path) -> None:
    folder = _photos(cli, tmp_path / "people", people=24, photos=4)

    assert cli.run("calibrate", folder, "--false-name-rate", "0.05").exit_code == 0


@pytest.mark.parametrize("rate", ["0", "0.6", "nan", "-1"])
def test_rate_out_of_bounds_is_wrong_usage(cli: CliFixture, tmp_path: Path, rate: str) -> None:
    result = cli.run("calibrate", tmp_path, "--false-name-rate", rate)

    assert result.exit_code == 2
    assert codes(result.stderr)[-1] == "USAGE"


def test_second_copy_of_a_photo_is_not_used(cli: CliFixture, tmp_path: Path) -> None:
    folder = _photos(cli, tmp_path / "people", people=30, photos=4)
    (folder / "Person 00" / "copy.jpg").write_bytes(b"0 0")

    result = cli.run("calibrate", folder)

    assert result.exit_code == 1
    assert codes(result.stderr) == ["SAME_PHOTO"]
    assert result.stdout.startswith("120 photos of 30 people")


def test_folder_without_photos_is_refused(cli: CliFixture, tmp_path: Path) -> None:
    assert codes(cli.run("calibrate", tmp_path).stderr) == ["NO_PHOTOS"]
    assert codes(cli.run("calibrate", tmp_path / "none").stderr) == ["NO_FOLDER"]
