"""The same photo again, over HTTP, with real recognition and a gallery in LanceDB."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.localstack import LocalStack
from harness.waiting import wait_until
from tests.e2e.conftest import Service, running_service
from tests.support.photos import SAMPLES

PATIENCE_S = 60
PHOTOS = sorted((SAMPLES / "Barack Obama").glob("*.jpg"))


@pytest.fixture
def service(localstack: LocalStack, tmp_path: Path) -> Iterator[Service]:
    with running_service(localstack, tmp_path, result_cache_seconds=600) as running:
        yield running


def answered_again(service: Service, photo: bytes) -> dict[str, Any]:
    """Upload a photo until two uploads get one answer."""
    answers: list[dict[str, Any]] = []

    def repeats() -> bool:
        answers.extend((service.result_of(photo), service.result_of(photo)))
        return bool(answers[-1]["job_id"] == answers[-2]["job_id"])

    wait_until(repeats, what="an earlier answer", seconds=PATIENCE_S)
    return answers[-1]


def test_earlier_answer_ends_with_each_change_of_the_collection(service: Service) -> None:
    known, photo = PHOTOS[0].read_bytes(), PHOTOS[1].read_bytes()
    indexed = {"collection_id": "default", "image_id": "one", "person": "Barack Obama"}

    def index() -> None:
        accepted = requests.post(
            f"{service.address}/faces/index",
            files={"image": ("a.jpg", known)},
            data=indexed,
            timeout=PATIENCE_S,
        )
        status = f"{service.address}{accepted.headers['Location']}"
        wait_until(
            lambda: requests.get(status, timeout=PATIENCE_S).status_code == 200,
            what="the photo to be indexed",
            seconds=PATIENCE_S,
        )

    index()
    assert answered_again(service, photo)["result"] == "Barack Obama"

    erased = requests.delete(
        f"{service.address}/collections/default/persons/Barack%20Obama", timeout=PATIENCE_S
    )
    assert erased.status_code == 204
    assert service.result_of(photo)["result"] == "Unknown"
    assert answered_again(service, photo)["result"] == "Unknown"

    index()
    wait_until(
        lambda: service.result_of(photo)["result"] == "Barack Obama",
        what="the person to be named again",
        seconds=PATIENCE_S,
    )
