"""The web application as production joins it, in memory, with a worker on demand."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import requests
from efr_web.app import create_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.bootstrap.web import build_web
from core.bootstrap.worker import build_worker
from core.faces.results import EVERY_FACE, Face, Model, Needed, Recognition
from core.jobs.index_job import IndexDone, IndexJob
from core.jobs.recognition_job import ImageSize, Job, JobDone, JobFailed
from core.jobs.results import Results
from core.settings import Settings
from core.testing import MemoryFaceIndex
from core.testing.recognizer import as_needed
from core.worker.daemon import Worker
from tests.support.faces import MODEL, face, recognition
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.photos import made_photo

PHOTO = made_photo()
SETTINGS = Settings(
    _env_file=None,
    auth="off",
    result_cache_seconds=0,
    allowed_buckets=("album",),
    max_file_mb=1,
    max_pixels=10_000,
    max_wait_seconds=30,
    web_threads=2,
    worker_processes=1,
)


def photo_number(number: int) -> bytes:
    """Return one of many photos that differ."""
    return made_photo(size=(20 + number, 20))


@dataclass(kw_only=True)
class WebFixture:
    """The web application, whose time passes when it sleeps, and its worker on demand.

    ``faces`` says what the recogniser finds on a photo; it finds one face, always the
    same, on those that are not listed.
    """

    settings: Settings = SETTINGS
    faces: dict[str, Recognition | Exception] = field(default_factory=dict)
    answers_after_s: float | None = 0.0
    slept_s: float = 0.0

    def __post_init__(self) -> None:
        self.index = MemoryFaceIndex()
        self.memory = MemoryInfrastructure(
            settings=self.settings, recognizer=self, index=self.index, sleep=self.sleep
        )
        self.inputs = self.memory.bucket(SETTINGS.s3_in_bucket)
        self.outputs = self.memory.bucket(SETTINGS.s3_out_bucket)
        self.gallery = self.memory.bucket(SETTINGS.s3_gallery_bucket)
        self.album = self.memory.bucket("album")
        self.queue = self.memory.queue(SETTINGS.sqs_req_queue_name)
        self.index_queue = self.memory.queue(SETTINGS.sqs_index_queue_name)
        self.results = Results(self.outputs)
        self.parts = build_web(self.settings, self.memory.joined())
        self.app = create_app(self.settings, self.parts)
        self.client: FlaskClient = self.app.test_client()

    @cached_property
    def worker(self) -> Worker:
        return build_worker(self.settings, self.memory.joined()).worker

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.memory.clock.advance(seconds)
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
        """Let a worker do all index jobs; return their results."""
        ended: list[IndexDone | JobFailed] = []
        while bodies := self.index_queue.bodies:
            self.worker.run_once()
            for body in bodies:
                result = self.results.read(IndexJob.from_body(body).job_id)
                assert isinstance(result, IndexDone | JobFailed)
                ended.append(result)
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
