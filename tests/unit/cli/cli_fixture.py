"""The command line as production joins it, in memory, with a worker on demand."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner, Result
from efr_cli.app import main
from efr_cli.context import CliContext, join_context

from core.bootstrap.shared import Shared
from core.bootstrap.worker import build_worker
from core.collections.enrolment.face_ids import face_id
from core.collections.people import People
from core.collections.registry import Collections
from core.faces.results import EVERY_FACE, Model, Needed, Recognition
from core.ground.realms import WHOLE, Realm
from core.ports import EnrolledFace
from core.settings import Settings
from core.testing import MemoryFaceIndex
from core.testing.recognizer import as_needed
from tests.support.faces import MODEL, embedding, face, recognition
from tests.support.infrastructure import MemoryInfrastructure

SETTINGS = Settings(_env_file=None, allowed_buckets=("album", "acme:album"), worker_processes=2)


@dataclass(kw_only=True)
class CliFixture:
    """Where a person types commands; ``faces`` says what is found on photos, one face if not."""

    run_folder: Path
    faces: dict[bytes, Recognition | Exception] = field(default_factory=dict)
    on_sleep: Callable[[], None] | None = None
    """Instead of the worker, when a command waits."""

    def __post_init__(self) -> None:
        self.index = MemoryFaceIndex()
        self.memory = MemoryInfrastructure(
            settings=SETTINGS, recognizer=self, index=self.index, sleep=self._sleep
        )
        self.inputs = self.memory.bucket(SETTINGS.s3_in_bucket)
        self.outputs = self.memory.bucket(SETTINGS.s3_out_bucket)
        self.gallery = self.memory.bucket(SETTINGS.s3_gallery_bucket)
        self.album = self.memory.bucket("album")
        self.queue = self.memory.queue(SETTINGS.sqs_index_queue_name)

    @property
    def collections(self) -> Collections:
        """The collections as a process sees them that has just started."""
        return Shared(SETTINGS, self.memory.joined()).collections

    @property
    def people(self) -> People:
        """The people as a process sees them that has just started."""
        return Shared(SETTINGS, self.memory.joined()).people

    @property
    def started(self) -> int:
        """Children that commands started."""
        return sum(child.launched for child in self.memory.children)

    def run(self, *arguments: str | Path) -> Result:
        """Run a command and return its exit code and what it printed."""
        result = CliRunner().invoke(main, [str(each) for each in arguments], obj=self.parts)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def parts(self, realm: Realm = WHOLE) -> CliContext:
        joined = join_context(SETTINGS, self.memory.joined(), realm)
        return replace(joined, run_folder=self.run_folder / realm.tenant)

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        return as_needed(self.answer(photo), needed)

    def answer(self, photo: bytes) -> Recognition:
        """Return what is found on a photo."""
        answer = self.faces.get(photo, recognition(face()))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def work(self) -> None:
        """Let a worker handle all index jobs."""
        worker = build_worker(SETTINGS, self.memory.joined()).worker
        while self.queue.bodies:
            worker.run_once()

    def put(self, *keys: str) -> None:
        """Lay photos into the album, as anybody may name them; their content is their key."""
        self.album.objects.update({key: key.encode() for key in keys})

    def enrol(
        self,
        collection_id: str,
        *people: str | None,
        position: float = 0.2,
        model: Model = MODEL,
    ) -> list[EnrolledFace]:
        """Enrol a face of each of these people, each a little further away."""
        collections = self.collections
        bound = collections.bind(collections.get(collection_id), model, length=128)
        faces = [
            EnrolledFace(
                face_id=face_id(collection_id, f"photo of {person}", 0),
                person=person,
                image_id=f"photo of {person}",
                embedding=embedding(position + 0.1 * (number % 90)),
                metadata={"number": str(number)},
                enrolled_at=datetime(2026, 11, 30, tzinfo=UTC),
            )
            for number, person in enumerate(people)
        ]
        self.index.put(bound.gallery_id, faces)
        return faces

    def enrolled(self, collection_id: str) -> list[EnrolledFace]:
        return self.people.faces(collection_id, limit=100_000)

    def names(self, collection_id: str) -> list[str | None]:
        return sorted((face.person for face in self.enrolled(collection_id)), key=str)

    def _sleep(self, seconds: float) -> None:
        self.memory.clock.advance(seconds)
        (self.on_sleep or self.work)()


def codes(output: str) -> list[str]:
    """Return the codes of all lines, in order."""
    return re.findall(r"\b([A-Z_]{4,}): ", output)


def digest(photo: bytes) -> str:
    return hashlib.sha256(photo).hexdigest()
