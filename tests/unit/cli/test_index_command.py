"""Photos of a bucket in bulk: indexed, interrupted, continued, reported."""

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from efr_cli.index.bulk import uninterrupted

from core.errors import InvalidImage
from core.jobs.index_job import IndexJob
from core.submission.batch_requests import MAX_KEYS
from tests.support.faces import face, recognition
from tests.unit.cli.cli_fixture import CliFixture, codes

INDEX = ("index", "s3://album/trip/", "--collection", "default")


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def submitted(cli: CliFixture) -> list[str]:
    return [IndexJob.from_body(body).s3_key for body in cli.queue.bodies]


def journals(cli: CliFixture) -> list[Path]:
    return list(cli.run_folder.glob("*"))


def interrupted_run(cli: CliFixture, *keys: str) -> None:
    cli.put(*keys)
    cli.on_sleep = interrupt
    assert cli.run(*INDEX).exit_code == 130
    cli.on_sleep = None


def test_all_photos_below_the_prefix_are_indexed(cli: CliFixture) -> None:
    cli.put("trip/", "trip/a.jpg", "trip/b.jpg", "tripod.jpg")

    result = cli.run(*INDEX)

    assert result.exit_code == 0, result.stderr
    assert result.stdout == "2 photos: 2 indexed with 2 faces in 'default', 0 not\n"
    assert {face.image_id for face in cli.enrolled("default")} == {"trip/a.jpg", "trip/b.jpg"}
    assert journals(cli) == []


@pytest.mark.parametrize("place", ["s3://album", "s3://album/"])
def test_without_prefix_the_whole_bucket_is_indexed(cli: CliFixture, place: str) -> None:
    cli.put("a.jpg", "trip/b.jpg")

    assert cli.run("index", place, "--collection", "default").exit_code == 0

    assert len(cli.enrolled("default")) == 2


def test_tenant_is_told_of_its_own_photos(cli: CliFixture) -> None:
    cli.put("trip/a.jpg")
    cli.faces[b"trip/a.jpg"] = recognition(face(0.1), face(0.2, quality=1))
    cli.run("--tenant", "acme", "collections", "create", "default")

    result = cli.run("--tenant", "acme", *INDEX)

    assert "1 indexed with 1 face " in result.stdout
    assert "LOW_QUALITY" in result.stdout + result.stderr
    assert cli.enrolled("default") == []


def test_options_reach_the_jobs(cli: CliFixture) -> None:
    cli.put("trip/a.jpg")
    cli.on_sleep = interrupt

    cli.run(*INDEX, "--max-faces", "7", "--person", "Ada", "--largest", "--min-quality", "30")

    (body,) = cli.queue.bodies
    job = IndexJob.from_body(body)
    assert (job.max_faces, job.person, job.s3_bucket) == (7, "Ada", "album")
    assert job.largest
    assert job.min_quality == 30


def test_batches_have_a_thousand_keys(cli: CliFixture) -> None:
    cli.put(*(f"trip/{number:05}.jpg" for number in range(2 * MAX_KEYS + 1)))

    result = cli.run(*INDEX)

    batches = [key for key in cli.outputs.objects if key.endswith("/photos.json")]
    assert result.exit_code == 0
    assert len(batches) == 3
    assert len(cli.enrolled("default")) == 2 * MAX_KEYS + 1


def test_every_photo_that_is_not_indexed_is_named_with_its_reason(cli: CliFixture) -> None:
    cli.put("trip/bad.jpg", "trip/crowd.jpg", "trip/empty.jpg", "trip/good.jpg", "trip/a\nb.jpg")
    cli.faces[b"trip/bad.jpg"] = InvalidImage("the image data is damaged")
    cli.faces[b"trip/crowd.jpg"] = recognition(*[face(float(each)) for each in range(4)])
    cli.faces[b"trip/empty.jpg"] = recognition()

    result = cli.run(*INDEX, "--max-faces", "1")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "not indexed: s3://album/trip/a\\nb.jpg: INVALID_KEY: has a control character",
        "not indexed: s3://album/trip/bad.jpg: INVALID_IMAGE: the image data is damaged",
        "indexed in part: s3://album/trip/crowd.jpg: EXCEEDS_MAX_FACES: faces left out: 3",
        "not indexed: s3://album/trip/empty.jpg: NO_FACE: no face was found",
    ]
    assert result.stdout == "5 photos: 2 indexed with 2 faces in 'default', 3 not\n"


def test_photo_of_several_people_is_not_one_persons(cli: CliFixture) -> None:
    cli.put("trip/two.jpg")
    cli.faces[b"trip/two.jpg"] = recognition(face(0.0), face(5.0))

    result = cli.run(*INDEX, "--person", "Ada")

    assert result.exit_code == 1
    assert "SEVERAL_LARGE_FACES: faces left out: 2" in result.stderr


def test_photo_indexed_in_part_is_no_failure(cli: CliFixture) -> None:
    cli.put("trip/two.jpg")
    cli.faces[b"trip/two.jpg"] = recognition(face(0.0), face(5.0))

    assert cli.run(*INDEX, "--max-faces", "1").exit_code == 0


def test_result_that_was_erased_meanwhile_is_reported(cli: CliFixture) -> None:
    cli.put("trip/a.jpg")

    def work_and_erase() -> None:
        (body,) = cli.queue.bodies
        cli.work()
        cli.outputs.delete(IndexJob.from_body(body).job_id)

    cli.on_sleep = work_and_erase

    result = cli.run(*INDEX)

    assert result.exit_code == 1
    assert codes(result.stderr) == ["RESULT_MISSING"]


def test_interrupted_run_says_how_to_go_on(cli: CliFixture) -> None:
    cli.put("trip/a.jpg", "trip/b.jpg")
    cli.on_sleep = interrupt

    result = cli.run(*INDEX)

    assert result.exit_code == 130
    assert result.stderr.startswith("INTERRUPTED: 2 photos submitted")
    assert "run the same command again" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_continued_run_submits_only_what_is_new_and_reports_all(cli: CliFixture) -> None:
    interrupted_run(cli, "trip/b.jpg", "trip/d.jpg")
    cli.put("trip/a.jpg", "trip/c.jpg")

    before = submitted(cli)
    cli.on_sleep = interrupt
    cli.run(*INDEX)
    added = submitted(cli)[len(before) :]
    cli.on_sleep = None
    result = cli.run(*INDEX)

    assert before == ["trip/b.jpg", "trip/d.jpg"]
    assert added == ["trip/a.jpg", "trip/c.jpg"]
    assert result.stdout == "4 photos: 4 indexed with 4 faces in 'default', 0 not\n"
    assert journals(cli) == []


def test_ctrl_c_while_a_batch_is_queued_waits_until_it_is_noted(
    cli: CliFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.put(*(f"trip/{number:05}.jpg" for number in range(MAX_KEYS + 1)))
    send = cli.queue.send_many

    def send_under_interruption(bodies: Sequence[str], **notes: Any) -> None:
        interrupt()
        send(bodies, **notes)

    monkeypatch.setattr(cli.queue, "send_many", send_under_interruption)
    assert cli.run(*INDEX).exit_code == 130
    monkeypatch.undo()

    assert len(submitted(cli)) == MAX_KEYS
    assert cli.run(*INDEX).exit_code == 0
    assert len([key for key in cli.outputs.objects if key.endswith("/photos.json")]) == 2


def test_second_ctrl_c_does_not_wait() -> None:
    steps = []

    def pressed_twice() -> None:
        with uninterrupted():
            interrupt()
            steps.append("after the first")
            interrupt()
            steps.append("after the second")

    with pytest.raises(KeyboardInterrupt):
        pressed_twice()

    assert steps == ["after the first"]


def test_torn_last_line_counts_for_nothing(cli: CliFixture) -> None:
    interrupted_run(cli, "trip/a.jpg")
    (journal,) = journals(cli)
    with journal.open("a") as file:
        file.write('{"batch_id": "torn')

    result = cli.run(*INDEX)

    assert result.exit_code == 0
    assert len(cli.enrolled("default")) == 1


@pytest.mark.parametrize("text", ["", "no JSON\n", "{}\n"])
def test_run_starts_over_if_its_journal_cannot_be_read(cli: CliFixture, text: str) -> None:
    interrupted_run(cli, "trip/a.jpg")
    (journal,) = journals(cli)
    journal.write_text(text)

    assert cli.run(*INDEX).exit_code == 0
    assert journals(cli) == []


def test_run_with_other_options_is_refused_while_one_is_unfinished(cli: CliFixture) -> None:
    interrupted_run(cli, "trip/a.jpg")

    result = cli.run(*INDEX, "--person", "Ada")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["UNFINISHED"]
    assert str(journals(cli)[0]) in result.stderr


def test_other_prefix_is_another_run(cli: CliFixture) -> None:
    interrupted_run(cli, "trip/a.jpg")
    cli.put("home/a.jpg")

    other = cli.run("index", "s3://album/home/", "--collection", "default")

    assert other.exit_code == 0
    assert len(journals(cli)) == 1


def test_collection_that_was_created_again_is_indexed_again(cli: CliFixture) -> None:
    interrupted_run(cli, "trip/a.jpg")
    cli.work()
    cli.run("collections", "delete", "default", "--yes")

    result = cli.run(*INDEX)

    assert result.exit_code == 0
    assert len(cli.enrolled("default")) == 1


def test_batch_that_the_service_lost_is_submitted_again(cli: CliFixture) -> None:
    interrupted_run(cli, "trip/a.jpg")
    cli.outputs.objects.clear()
    while messages := cli.queue.receive(limit=10, wait_s=0):
        cli.queue.delete_many(messages)

    result = cli.run(*INDEX)

    assert result.exit_code == 0
    assert len(cli.enrolled("default")) == 1


def test_prefix_without_photos_is_refused(cli: CliFixture) -> None:
    result = cli.run(*INDEX)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["NO_PHOTOS"]


def test_bucket_that_is_not_allowed_is_refused(cli: CliFixture) -> None:
    result = cli.run("index", "s3://secrets/", "--collection", "default")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["BUCKET_NOT_ALLOWED"]


def test_bucket_that_does_not_exist_is_named(cli: CliFixture) -> None:
    cli.album.exists = False

    result = cli.run(*INDEX)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["BUCKET_NOT_FOUND"]
    assert "'album' does not exist" in result.stderr


def test_collection_must_be_there(cli: CliFixture) -> None:
    cli.put("trip/a.jpg")

    result = cli.run("index", "s3://album/", "--collection", "staff")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["COLLECTION_NOT_FOUND"]


def test_service_that_goes_away_leaves_what_was_submitted_noted(cli: CliFixture) -> None:
    cli.put("trip/a.jpg")

    def lose_the_store() -> None:
        cli.outputs.available = False

    cli.on_sleep = lose_the_store
    assert codes(cli.run(*INDEX).stderr) == ["STORAGE_UNAVAILABLE"]
    cli.outputs.available, cli.on_sleep = True, None

    (journal,) = journals(cli)
    assert json.loads(journal.read_text().splitlines()[1])["keys"] == ["trip/a.jpg"]
    assert cli.run(*INDEX).exit_code == 0


def test_poor_faces_are_named_with_what_makes_them_poor(cli: CliFixture) -> None:
    cli.put("trip/a.jpg")
    cli.faces[b"trip/a.jpg"] = recognition(face(quality=30))

    result = cli.run(*INDEX)

    assert result.exit_code == 1
    assert "a.jpg: LOW_QUALITY LOW_SHARPNESS: faces left out: 1" in result.stderr
