"""The command line against LocalStack, with a real worker and the real engine."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from efr_cli.app import main
from efr_cli.context import CliContext, join_context

from core.aws.clients import s3_client, sqs_client
from core.aws.provisioning import provision
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.bootstrap.infrastructure import Infrastructure
from core.collections.enrolment.face_ids import face_id
from core.ground.realms import WHOLE, Realm
from core.jobs.index_job import IndexJob
from core.ports import EnrolledFace
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import WorkerProcess, environment
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.faces import MODEL, embedding
from tests.support.photos import ROOT, SAMPLES, made_photo, sample
from tests.support.service import settings_of

PEOPLE = "album/people/"


class Terminal:
    """Where a person types commands, with a bucket of photos."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bucket = f"photos-{uuid.uuid4().hex[:12]}"
        s3 = s3_client(settings)
        s3.create_bucket(Bucket=self.bucket)
        self.photos = S3Store(settings, self.bucket, s3)
        self.outputs = S3Store(settings, settings.s3_out_bucket, s3)
        self.index_queue = SqsQueue(sqs_client(settings), settings.sqs_index_queue_name)
        self.index = ["index", f"s3://{self.bucket}/{PEOPLE}", "--collection", "default"]

    @property
    def changes(self) -> dict[str, str]:
        return {"ALLOWED_BUCKETS": self.bucket}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, ROOT / "scripts" / "efr.py", *arguments],
            env=environment(self.settings, self.changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def parts(self, realm: Realm = WHOLE) -> CliContext:
        return join_context(self.settings, Infrastructure.on_aws(self.settings), realm)

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Return exit code, output and errors of a command."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def lay(self, name: str, photo: bytes) -> None:
        self.photos.put(PEOPLE + name, photo, content_type="image/jpeg")

    def queued_keys(self) -> list[str]:
        """Return the keys of the photos in the index queue, which stay there."""
        messages = self.index_queue.receive(limit=10, wait_s=1, visibility_s=0)
        return sorted({IndexJob.from_body(message.body).s3_key for message in messages})


@pytest.fixture(scope="module")
def terminal(localstack: LocalStack) -> Terminal:
    settings = localstack.settings(
        **own_names(),
        **settings_of(gallery_refresh_seconds=0.2, sqs_visibility_timeout_seconds=20),
    )
    provision(settings)
    return Terminal(settings)


@pytest.fixture
def journals() -> Iterator[set[Path]]:
    """Return the journals of other runs; those of a failed test are removed."""
    folder = ROOT / "var" / "run"
    others = set(folder.glob("index-*"))
    yield others
    for left in set(folder.glob("index-*")) - others:
        left.unlink()


def test_photos_are_indexed_by_the_worker_although_the_run_was_interrupted(
    terminal: Terminal, tmp_path: Path, journals: set[Path]
) -> None:
    terminal.lay("obama.jpg", sample("Barack Obama/obama.jpg"))
    terminal.lay("nobody.jpg", made_photo())
    terminal.lay("damaged.jpg", b"no photo")
    running = terminal.start(*terminal.index)
    folder = ROOT / "var" / "run"
    wait_until(lambda: set(folder.glob("index-*")) - journals, seconds=30, what="a journal")
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert running.returncode == 130, errors
    assert "INTERRUPTED: 3 photos submitted" in errors
    assert len(terminal.queued_keys()) == 3

    terminal.lay("biden.jpg", sample("Joe Biden/biden.jpg"))
    worker = WorkerProcess(terminal.settings, tmp_path / "worker.log", **terminal.changes)
    try:
        code, output, errors = terminal.run(*terminal.index)
    finally:
        worker.stop()

    assert code == 1, errors
    assert output == "4 photos: 2 indexed with 2 faces in 'default', 2 not\n"
    assert f"not indexed: s3://{terminal.bucket}/{PEOPLE}nobody.jpg: NO_FACE: " in errors
    assert f"not indexed: s3://{terminal.bucket}/{PEOPLE}damaged.jpg: " in errors
    assert len(errors.splitlines()) == 3  # the first one names the endpoint
    assert len(_submitted(terminal)) == 4
    assert set(folder.glob("index-*")) == journals

    code, output, errors = terminal.run(
        "match", SAMPLES / "Joe Biden" / "biden.jpg", "--by", "face", "--json"
    )
    assert code == 0, errors
    (nearest,) = json.loads(output)["faces"][0]["matches"]
    assert nearest["image_id"] == f"{PEOPLE}biden.jpg"
    assert nearest["similarity"] == 100


def _submitted(terminal: Terminal) -> list[str]:
    """Return the photos of all batches; one that was submitted twice comes twice."""
    batches = [key for key in terminal.outputs.keys("batches/") if key.endswith("/photos.json")]
    return [
        photo["image_id"]
        for key in batches
        for photo in json.loads(terminal.outputs.get(key).body)["photos"]
    ]


def test_exported_faces_are_imported_and_rebuilt(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "faces.parquet"
    parts = terminal.parts()
    faces = [
        EnrolledFace(
            face_id=face_id("staff", f"{number}.jpg", 0),
            person=f"Person {number}",
            image_id=f"{number}.jpg",
            embedding=embedding(1 + number / 10),
            metadata={"number": str(number)},
        )
        for number in range(20)
    ]
    parts.collections.create("staff")
    parts.writer.add("staff", faces, model=MODEL)

    for command in (
        ["export", file, "--collection", "staff"],
        ["collections", "create", "copy", "--threshold", "70"],
        ["import", file, "--collection", "copy"],
        ["rebuild", "--collection", "copy"],
    ):
        result = CliRunner().invoke(main, [str(each) for each in command], obj=terminal.parts)
        assert result.exit_code == 0, result.stderr

    copy = parts.collections.get("copy")
    (found,) = parts.index.search(copy.gallery_id, embedding(1.7)[None], limit=1)
    assert parts.people.count(copy) == 20
    assert found[0].person == "Person 7"
    assert copy.threshold == 70
    parts.index.close()
