"""The web application between in-memory services."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
from efr_web.app import create_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.bootstrap.web import WebParts
from core.collections.enrolment import Enroller
from core.collections.erasure import Erasure
from core.collections.matching import Matching
from core.collections.people import People
from core.collections.registry import Collections
from core.errors import Erased, InvalidPhoto
from core.faces.results import EVERY_FACE, Face, Model, Needed, Recognition
from core.jobs.index_job import IndexDone, IndexJob
from core.jobs.photo_sources import PhotoSources
from core.jobs.recognition_job import ImageSize, Job, JobDone, JobFailed, failed
from core.jobs.results import Results
from core.ports import JobQueue
from core.settings import Settings
from core.submission.batch_requests import BatchRequests, note_outcome
from core.submission.idempotency import IdempotencyKeys
from core.submission.index_requests import IndexRequests
from core.submission.photo_intake import Intake
from core.submission.uploads import Uploads
from core.testing import ManualClock, MemoryFaceIndex, MemoryQueue, MemoryStore
from core.testing.recognizer import as_needed
from tests.support.faces import MODEL, face, recognition
from tests.support.photos import made_photo

PHOTO = made_photo()
MAX_FILE_BYTES = 1024 * 1024
MAX_PIXELS = 10_000
SETTLE_S = 3


def photo_number(number: int) -> bytes:
    """Return one of many photos that differ."""
    return made_photo(size=(20 + number, 20))


@dataclass(kw_only=True)
class Site:
    """The web application, whose time passes when it sleeps, and its workers on demand.

    ``faces`` says what the recogniser finds on a photo; it finds one face, always the
    same, on those that are not listed.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    inputs: MemoryStore = field(default_factory=MemoryStore)
    outputs: MemoryStore = field(default_factory=MemoryStore)
    gallery: MemoryStore = field(default_factory=MemoryStore)
    album: MemoryStore = field(default_factory=MemoryStore)
    index: MemoryFaceIndex = field(default_factory=MemoryFaceIndex)
    index_states: dict[str, str] = field(default_factory=dict)
    faces: dict[str, Recognition | Exception] = field(default_factory=dict)
    answers_after_s: float | None = 0.0
    slept_s: float = 0.0
    started: int = 0

    def __post_init__(self) -> None:
        for store in (self.inputs, self.outputs, self.gallery):
            store.clock = self.clock
        self.queue = MemoryQueue(clock=self.clock)
        self.index_queue = MemoryQueue(clock=self.clock)
        self.results = Results(self.outputs)
        self.settings = Settings(_env_file=None, max_file_mb=1, max_wait_seconds=30, web_threads=2)
        self.collections = Collections(self.gallery, self.index, refresh_s=1, clock=self.clock)
        self.people = People(collections=self.collections, index=self.index, sleep=lambda _: None)
        self.sources = PhotoSources(allowed={"album": self.album}, max_file_bytes=MAX_FILE_BYTES)
        self.app = create_app(self.settings, self._parts())
        self.client: FlaskClient = self.app.test_client()

    def _parts(self) -> WebParts:
        return WebParts(
            uploads=Uploads(
                intake=self._intake(self.queue),
                keys=IdempotencyKeys(inputs=self.inputs),
                results=self.results,
                collections=self.collections,
                clock=self.clock,
                sleep=self.sleep,
            ),
            checks={"bucket": self.inputs.check, "queue": self.queue.check},
            index_requests=IndexRequests(
                intake=self._intake(self.index_queue), collections=self.collections, bucket="inputs"
            ),
            batch_requests=BatchRequests(
                queue=self.index_queue,
                outputs=self.outputs,
                sources=self.sources,
                collections=self.collections,
            ),
            sources=self.sources,
            matching=Matching(
                recognise=self.recognise,
                collections=self.collections,
                index=self.index,
                max_distance=self.settings.match_max_distance,
                min_quality=self.settings.min_match_quality,
            ),
            collections=self.collections,
            people=self.people,
            erasure=self._erasure(),
            index_states=lambda: self.index_states,
            start=self._start,
        )

    def _intake(self, queue: JobQueue) -> Intake:
        return Intake(
            queue=queue, inputs=self.inputs, max_file_bytes=MAX_FILE_BYTES, max_pixels=MAX_PIXELS
        )

    def _erasure(self) -> Erasure:
        return Erasure(
            collections=self.collections,
            people=self.people,
            index=self.index,
            inputs=self.inputs,
            outputs=self.outputs,
            gallery=self.gallery,
            settle_s=SETTLE_S,
            sleep=self.clock.advance,
        )

    def _start(self) -> None:
        self.started += 1

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.clock.advance(seconds)
        if self.answers_after_s is not None and self.slept_s >= self.answers_after_s:
            for message in self.queue.receive(limit=10, wait_s=0):
                self.finish(Job.from_body(message.body))

    def finish(self, job: Job) -> None:
        self.results.write(
            JobDone(
                job_id=job.job_id,
                result="Ada",
                faces=[],
                image=ImageSize(width=1, height=1),
                model=Model(name="m", version="1"),
                timings_ms={},
            )
        )

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        found = self.faces.get(_digest(photo), recognition(face()))
        if isinstance(found, Exception):
            raise found
        return as_needed(found, needed)

    def shows(self, photo: bytes, *faces: Face, model: Model = MODEL) -> None:
        self.faces[_digest(photo)] = recognition(*faces, model=model)

    def fails(self, photo: bytes, error: Exception) -> None:
        self.faces[_digest(photo)] = error

    def upload(self, photo: bytes = PHOTO, filename: str = "a.jpg", **headers: str) -> TestResponse:
        return self.send_form(
            "/",
            files={"inputFile": (filename, photo)},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def send_form(
        self,
        path: str,
        *,
        files: dict[str, tuple[str, bytes]] | None = None,
        fields: dict[str, str] | Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """Send a form as HTTP clients make it."""
        given = fields.items() if isinstance(fields, dict) else fields
        parts = [(name, (None, value)) for name, value in given]
        form = requests.Request(
            "POST", "http://x", files=[*parts, *(files or {}).items()]
        ).prepare()
        return self.client.post(
            path, data=form.body, content_type=form.headers["Content-Type"], headers=headers
        )

    def send_photo(self, path: str, photo: bytes = PHOTO, **fields: str) -> TestResponse:
        """Send a photo as the file of a form."""
        return self.send_form(path, files={"image": ("a.jpg", photo)}, fields=fields)

    def is_empty(self) -> bool:
        return not self.inputs.objects and not self.queue.bodies

    def create(self, collection_id: str, **more: Any) -> None:
        response = self.client.post("/collections", json={"collection_id": collection_id, **more})
        assert response.status_code == 201, response.text

    def enrol(
        self,
        collection_id: str,
        image_id: str,
        *faces: Face,
        person: str | None = None,
        metadata: dict[str, str] | None = None,
    ) -> IndexDone:
        """Index a photo over HTTP, run the worker, return its result."""
        photo = photo_number(len(self.inputs.objects) % 50)
        self.shows(photo, *(faces or (face(),)))
        response = self.client.post(
            "/faces/index",
            json={
                "collection_id": collection_id,
                "image_id": image_id,
                "image": base64_of(photo),
                "person": person,
                "metadata": metadata or {},
            },
        )
        job_id = json_of(response, 202)["job_id"]
        (done,) = (each for each in self.index_all() if each.job_id == job_id)
        assert isinstance(done, IndexDone)
        return done

    def index_all(self) -> list[IndexDone | JobFailed]:
        """Do what the workers do with all index jobs."""
        enroller = Enroller(
            self.collections, self.index, min_quality=self.settings.min_enrol_quality
        )
        buckets = {"inputs": self.inputs, "album": self.album}
        ended: list[IndexDone | JobFailed] = []
        while messages := self.index_queue.receive(limit=10, wait_s=0):
            for message in messages:
                job = IndexJob.from_body(message.body)
                photo = buckets[job.s3_bucket].get(job.s3_key)
                if job.owns_photo:
                    job = job.model_copy(update={"accepted_at": photo.modified_at})
                done: IndexDone | JobFailed
                try:
                    done = enroller.enrol(job, self.recognise(photo.body))
                except (Erased, InvalidPhoto) as error:
                    done = failed(job.job_id, error.code, str(error))
                self.results.write(done)
                note_outcome(self.outputs, job, done)
                self.index_queue.delete_many([message])
                ended.append(done)
        return ended


def base64_of(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def json_of(response: TestResponse, status: int = 200) -> dict[str, Any]:
    """Return an answer that has the expected status."""
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def assert_error(
    response: TestResponse, status: int, code: str, *, retryable: bool | None = None
) -> None:
    assert response.status_code == status, response.text
    assert response.json is not None
    assert set(response.json) == {"error", "code", "retryable", "request_id"}
    assert response.json["code"] == code
    assert response.json["error"]
    assert response.json["request_id"] == response.headers["X-Request-ID"]
    if retryable is not None:
        assert response.json["retryable"] is retryable


def _digest(photo: bytes) -> str:
    return hashlib.sha256(photo).hexdigest()
