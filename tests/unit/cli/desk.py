"""The command line between in-memory parts, with a worker on demand."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result
from efr_cli.app import main
from efr_cli.context import CliContext

from core.collections.enrolment import Enroller, face_id
from core.collections.erasure import Erasure
from core.collections.people import People
from core.collections.registry import Collections
from core.errors import FaceServiceError
from core.faces.results import EVERY_FACE, Model, Needed, Recognition
from core.jobs.index_job import IndexJob
from core.jobs.photo_sources import PhotoSources
from core.jobs.recognition_job import failed
from core.jobs.results import JobResult, Results
from core.ports import EnrolledFace, Recognizer
from core.submission.batch_requests import BatchRequests, note_outcome
from core.testing import ManualClock, MemoryFaceIndex, MemoryQueue, MemoryStore
from core.testing.recognizer import as_needed
from tests.support.faces import MODEL, embedding, face, recognition


@dataclass(kw_only=True)
class Desk:
    """Where a person types commands; ``faces`` says what is found on photos, one face if not."""

    run_folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    inputs: MemoryStore = field(default_factory=MemoryStore)
    outputs: MemoryStore = field(default_factory=MemoryStore)
    gallery: MemoryStore = field(default_factory=MemoryStore)
    album: MemoryStore = field(default_factory=MemoryStore)
    index: MemoryFaceIndex = field(default_factory=MemoryFaceIndex)
    faces: dict[bytes, Recognition | Exception] = field(default_factory=dict)
    on_sleep: Callable[[], None] | None = None
    """Instead of the worker, when a command waits."""
    started: int = 0
    """Pools that were started."""

    def __post_init__(self) -> None:
        for store in (self.inputs, self.outputs, self.gallery):
            store.clock = self.clock
        self.queue = MemoryQueue(clock=self.clock)
        self.collections = Collections(self.gallery, self.index, refresh_s=0)
        self.people = People(collections=self.collections, index=self.index, sleep=lambda _: None)

    def run(self, *arguments: str | Path) -> Result:
        """Run a command and return its exit code and what it printed."""
        result = CliRunner().invoke(main, [str(each) for each in arguments], obj=self.parts)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def parts(self) -> CliContext:
        return CliContext(
            collections=self.collections,
            people=self.people,
            erasure=Erasure(
                collections=self.collections,
                people=self.people,
                index=self.index,
                inputs=self.inputs,
                outputs=self.outputs,
                gallery=self.gallery,
                settle_s=3,
                sleep=self._sleep,
            ),
            index=self.index,
            batch_requests=BatchRequests(
                queue=self.queue,
                outputs=self.outputs,
                sources=PhotoSources(allowed={"album": self.album}, max_file_bytes=1000),
                collections=self.collections,
            ),
            recognizer=self._recognizer,
            threads=2,
            max_distance=0.5,
            min_enrol_quality=50,
            min_match_quality=20,
            run_folder=self.run_folder,
            sleep=self._sleep,
        )

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        answer = self.faces.get(photo, recognition(face()))
        if isinstance(answer, Exception):
            raise answer
        return as_needed(answer, needed)

    def work(self) -> None:
        """Handle all index jobs, as a worker does."""
        results = Results(self.outputs)
        while messages := self.queue.receive(limit=10, wait_s=0):
            for message in messages:
                job = IndexJob.from_body(message.body)
                result = self._answer(job)
                results.write(result)
                note_outcome(self.outputs, job, result)
                self.queue.delete_many([message])

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
        collection = self.collections.get(collection_id)
        bound = self.collections.bind(collection, model, length=128)
        faces = [
            EnrolledFace(
                face_id=face_id(collection_id, f"photo of {person}", 0),
                person=person,
                image_id=f"photo of {person}",
                embedding=embedding(position + 0.1 * (number % 90)),
                metadata={"number": str(number)},
            )
            for number, person in enumerate(people)
        ]
        self.index.put(bound.gallery_id, faces)
        return faces

    def enrolled(self, collection_id: str) -> list[EnrolledFace]:
        return self.people.faces(collection_id, limit=100_000)

    def names(self, collection_id: str) -> list[str | None]:
        return sorted((face.person for face in self.enrolled(collection_id)), key=str)

    def _answer(self, job: IndexJob) -> JobResult:
        try:
            found = self.recognise(self.album.get(job.s3_key).body)
            enroller = Enroller(self.collections, self.index, min_quality=50)
            return enroller.enrol(job, found)
        except FaceServiceError as error:
            return failed(job.job_id, error.code, str(error))

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)
        (self.on_sleep or self.work)()

    @contextmanager
    def _recognizer(self, processes: int) -> Iterator[Recognizer]:
        self.started += 1
        yield self


def codes(output: str) -> list[str]:
    """Return the codes of all lines, in order."""
    return re.findall(r"\b([A-Z_]{4,}): ", output)


def digest(photo: bytes) -> str:
    return hashlib.sha256(photo).hexdigest()
