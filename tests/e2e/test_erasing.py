"""Erased means erased: photos that wait in the queue enrol nobody when a worker comes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from core.aws.provisioning import provision
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.photos import sample
from tests.support.service import Counts, settings_of

OBAMA = "Barack Obama"


@dataclass(kw_only=True)
class Deployment:
    """A web tier, and a worker that is started when a test says so."""

    settings: Settings
    web: WebProcess
    worker_log: Path
    worker: WorkerProcess | None = None
    http: requests.Session = field(default_factory=requests.Session)

    def start_worker(self) -> None:
        self.worker = WorkerProcess(self.settings, self.worker_log)
        self.worker.started()

    def create(self, collection_id: str) -> None:
        made = self.http.post(
            f"{self.web.address}/collections", json={"collection_id": collection_id}, timeout=30
        )
        assert made.status_code == 201

    def index(self, collection_id: str, image_id: str) -> str:
        """Leave a photo of Obama in the queue; return its job's id."""
        accepted = self.http.post(
            f"{self.web.address}/faces/index",
            files={"image": sample(f"{OBAMA}/obama.jpg")},
            data={"collection_id": collection_id, "image_id": image_id, "person": OBAMA},
            timeout=30,
        )
        job_id: str = accepted.json()["job_id"]
        return job_id

    def ending(self, job_id: str) -> str | None:
        """Return the code of a job's failure, or "done", None while it is pending."""
        answer = self.http.get(f"{self.web.address}/status/{job_id}", timeout=30)
        if answer.status_code == 202:
            return None
        ended: dict[str, Any] = answer.json()
        return str(ended["error"]["code"] if "error" in ended else ended["status"])

    def delete(self, path: str) -> int:
        return self.http.delete(f"{self.web.address}/{path}", timeout=120).status_code

    def images(self, collection_id: str) -> list[str]:
        faces = self.http.get(f"{self.web.address}/collections/{collection_id}/faces", timeout=30)
        return [face["image_id"] for face in faces.json()["faces"]]

    def photos(self) -> int:
        return Counts(self.settings).objects(self.settings.s3_in_bucket)


@pytest.fixture
def deployment(
    localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    settings = localstack.settings(
        **own_names(),
        **settings_of(max_file_mb=1),
    )
    provision(settings)
    logs = tmp_path_factory.mktemp("erasing")
    web = WebProcess(settings, logs / "web.log")
    both = Deployment(settings=settings, web=web, worker_log=logs / "worker.log")
    try:
        web.started()
        yield both
    finally:
        web.stop()
        if both.worker is not None:
            both.worker.stop()


def test_photos_that_wait_while_they_are_erased_are_never_enrolled(deployment: Deployment) -> None:
    for collection_id in ("staff", "guests"):
        deployment.create(collection_id)
    waiting = [deployment.index("staff", f"late-{n}") for n in range(2)]
    waiting.append(deployment.index("guests", "late"))

    assert deployment.delete(f"collections/staff/persons/{OBAMA}") == 204
    assert deployment.delete("collections/guests") == 204

    assert [deployment.ending(job_id) for job_id in waiting] == ["ERASED"] * 3
    assert deployment.photos() == 0
    deployment.create("guests")
    again = [deployment.index(collection_id, "again") for collection_id in ("staff", "guests")]
    deployment.start_worker()
    wait_until(
        lambda: [deployment.ending(job_id) for job_id in again] == ["done"] * 2,
        seconds=120,
        what="the photos of after the erasure",
    )
    assert [deployment.images(collection_id) for collection_id in ("staff", "guests")] == [
        ["again"]
    ] * 2
    assert [deployment.ending(job_id) for job_id in waiting] == ["ERASED"] * 3


def test_person_is_erased_right_after_the_first_enrolment_of_a_collection(
    deployment: Deployment,
) -> None:
    deployment.create("staff")
    assert deployment.images("staff") == []
    deployment.start_worker()
    job_id = deployment.index("staff", "first")
    wait_until(lambda: deployment.ending(job_id) == "done", seconds=120, what="the first face")

    assert deployment.delete(f"collections/staff/persons/{OBAMA}") == 204

    assert deployment.images("staff") == []
    assert deployment.photos() == 0
    assert deployment.delete(f"collections/staff/persons/{OBAMA}") == 404
