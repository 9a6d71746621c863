"""Photos of a folder: sent to the workers, skipped, interrupted, reported."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from core.collections.enrolment.face_ids import face_id
from core.errors import InvalidImage, TooManyJobs
from core.jobs.index_job import IndexJob
from core.submission.index_requests import IndexRequests
from tests.support.faces import face, recognition
from tests.support.photos import made_photo
from tests.unit.cli.cli_fixture import CliFixture, codes, digest

DEFAULT = ("--collection", "default")
PHOTOS = [made_photo(size=(64 + number, 48)) for number in range(3)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two photos, one of them in a folder below, and a hidden one."""
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(PHOTOS[0])
    (folder / "trip" / "b.jpg").write_bytes(PHOTOS[1])
    (folder / ".c.jpg").write_bytes(PHOTOS[2])
    return folder


def test_all_photos_of_a_folder_are_indexed_by_the_workers(cli: CliFixture, folder: Path) -> None:
    result = cli.run("index", folder, *DEFAULT, "--person", "Ada")

    assert result.exit_code == 0, result.stderr
    assert result.stdout == "2 photos: 2 indexed with 2 faces in 'default', 0 not\n"
    faces = cli.enrolled("default")
    assert {each.image_id for each in faces} == {digest(photo) for photo in PHOTOS[:2]}
    assert {each.person for each in faces} == {"Ada"}


def test_faces_are_those_of_enroll(cli: CliFixture, folder: Path) -> None:
    cli.run("index", folder / "trip", *DEFAULT)

    (face_of_b,) = cli.enrolled("default")

    assert face_of_b.face_id == face_id("default", digest(PHOTOS[1]), 0)


def test_second_run_sends_only_what_is_new(cli: CliFixture, folder: Path) -> None:
    cli.run("index", folder, *DEFAULT)
    (folder / "new.jpg").write_bytes(PHOTOS[2])

    result = cli.run("index", folder, *DEFAULT)

    said = "3 photos: 1 indexed with 1 face in 'default', 0 not, 2 there before\n"
    assert result.stdout == said
    assert len(cli.enrolled("default")) == 3


def test_photo_is_sent_again_under_the_name_that_it_lacks(cli: CliFixture, folder: Path) -> None:
    cli.run("index", folder, *DEFAULT)

    result = cli.run("index", folder, *DEFAULT, "--person", "Ada", "--json")

    assert json.loads(result.stdout)["known"] == 0
    assert cli.names("default") == ["Ada", "Ada"]


def test_interrupted_run_can_be_repeated(cli: CliFixture, folder: Path) -> None:
    cli.on_sleep = lambda: signal.raise_signal(signal.SIGINT)
    interrupted = cli.run("index", folder, *DEFAULT)
    cli.on_sleep = None

    result = cli.run("index", folder, *DEFAULT)

    assert interrupted.exit_code == 130
    assert "the workers index what was sent" in interrupted.stderr
    assert result.exit_code == 0
    assert len(cli.enrolled("default")) == 2


def test_photos_without_use_are_named_with_their_reasons(cli: CliFixture, folder: Path) -> None:
    (folder / "text.txt").write_bytes(b"no photo")
    cli.faces[PHOTOS[0]] = InvalidImage("damaged")
    cli.faces[PHOTOS[1]] = recognition(face(0.1), face(0.2, quality=1))

    result = cli.run("index", folder, *DEFAULT, "--min-quality", "20")

    assert result.exit_code == 1
    assert result.stdout == "3 photos: 1 indexed with 1 face in 'default', 2 not\n"
    lines = sorted(result.stderr.splitlines())
    assert [line.split(": ")[:2] for line in lines] == [
        ["indexed in part", f"{folder}/trip/b.jpg"],
        ["not indexed", f"{folder}/a.jpg"],
        ["not indexed", f"{folder}/text.txt"],
    ]
    assert "LOW_QUALITY" in lines[0]
    assert "INVALID_IMAGE" in lines[1]


def test_photo_waits_while_too_many_jobs_are_under_way(
    cli: CliFixture, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, refusals = IndexRequests.submit, [TooManyJobs("too many"), TooManyJobs("too many")]

    def submit_later(requests: IndexRequests, *arguments: Any) -> str:
        if refusals:
            raise refusals.pop()
        return submit(requests, *arguments)

    monkeypatch.setattr(IndexRequests, "submit", submit_later)

    result = cli.run("index", folder / "trip", *DEFAULT)

    assert result.stdout == "1 photo: 1 indexed with 1 face in 'default', 0 not\n"


def test_options_reach_the_jobs_of_photos(cli: CliFixture, folder: Path) -> None:
    cli.on_sleep = lambda: signal.raise_signal(signal.SIGINT)

    cli.run("index", folder / "trip", *DEFAULT, "--max-faces", "7", "--largest")

    (body,) = cli.queue.bodies
    job = IndexJob.from_body(body)
    assert (job.max_faces, job.largest, job.person) == (7, True, None)


@pytest.mark.parametrize(
    ("name", "collection_id", "code"),
    [("none", "default", "NO_FOLDER"), ("", "staff", "COLLECTION_NOT_FOUND")],
)
def test_nothing_is_sent_from_or_to_where_nothing_is(
    cli: CliFixture, folder: Path, name: str, collection_id: str, code: str
) -> None:
    result = cli.run("index", folder / name, "--collection", collection_id)

    assert result.exit_code == 2
    assert codes(result.stderr) == [code]
    assert not cli.queue.bodies


def test_folder_without_photos_is_refused(cli: CliFixture, tmp_path: Path) -> None:
    (tmp_path / ".hidden.jpg").write_bytes(PHOTOS[0])

    assert codes(cli.run("index", tmp_path, *DEFAULT).stderr) == ["NO_PHOTOS"]
