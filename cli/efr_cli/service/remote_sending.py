"""Photos on their way to the workers of a server, over its HTTP API."""

import json
from contextlib import suppress
from dataclasses import dataclass
from time import sleep
from typing import Any, Final
from urllib.parse import quote

from core.errors import CollectionExists, CollectionNotFound, ImageNotFound
from core.jobs.index_job import IndexDone, IndexRequest
from core.jobs.recognition_job import JobDone, JobFailed
from core.jobs.results import JobResult
from efr_cli.service.http import Http
from elastic_face.photo import form_fields

_PENDING: Final = 202
_POLL_S: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class RemoteSending:
    """A `Sending` that asks a server, of few jobs at a time: each is a request."""

    http: Http
    watched: int = 4

    def require(self, collection_id: str) -> None:
        self.http.ask("GET", _collection(collection_id))

    def ensure(self, collection_id: str) -> None:
        """Create a collection unless it is there."""
        try:
            self.require(collection_id)
        except CollectionNotFound:
            with suppress(CollectionExists):
                self.http.ask("POST", "/collections", json={"collection_id": collection_id})

    def is_known(self, image_id: str, request: IndexRequest) -> bool:
        path = f"{_collection(request.collection_id)}/images/{quote(image_id, safe='')}"
        try:
            persons = self.http.ask("GET", path).json()["persons"]
        except ImageNotFound:
            return False
        return request.person is None or request.person in persons

    def send(self, photo: bytes, image_id: str, filename: str, request: IndexRequest) -> str:
        del filename  # it may be a person's name
        said = request.model_dump(mode="json", exclude_none=True, exclude={"metadata"})
        answer = self.http.send_photo("/faces/index", photo, form_fields(**said, image_id=image_id))
        return str(answer.json()["job_id"])

    def result(self, job_id: str) -> JobResult | None:
        answer = self.http.ask("GET", f"/status/{quote(job_id, safe='')}")
        return None if answer.status == _PENDING else _result(answer.data)

    def pause(self) -> None:
        sleep(_POLL_S)


def _result(body: bytes) -> JobResult:
    said: dict[str, Any] = json.loads(body)
    if said["status"] == "failed":
        return JobFailed.model_validate(said)
    return (IndexDone if said.get("kind") == "index" else JobDone).model_validate(said)


def _collection(collection_id: str) -> str:
    return f"/collections/{quote(collection_id, safe='')}"
