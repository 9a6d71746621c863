"""Once a rejection is answered, no result names the person by that face any more."""

from collections.abc import Iterator

import pytest
import requests

from core.aws.provisioning import provision
from harness.localstack import LocalStack
from harness.processes import WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.photos import sample
from tests.support.service import settings_of

OBAMA = "Barack Obama"
REFRESH_S = 3.0
"""So long that the worker does not look by itself between the answer and the next photo."""
PHOTO = sample(f"{OBAMA}/obama.jpg")


@pytest.fixture
def address(localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = localstack.settings(
        **own_names(),
        **settings_of(max_file_mb=1, gallery_refresh_seconds=REFRESH_S),
    )
    provision(settings)
    logs = tmp_path_factory.mktemp("rejecting")
    web = WebProcess(settings, logs / "web.log")
    worker = WorkerProcess(settings, logs / "worker.log")
    try:
        web.started()
        worker.started()
        yield web.address
    finally:
        worker.stop()
        web.stop()


def indexed(address: str, image_id: str) -> str:
    """Enrol a photo of Obama; return the face's id."""
    accepted = requests.post(
        f"{address}/faces/index",
        files={"image": PHOTO},
        data={"collection_id": "default", "image_id": image_id, "person": OBAMA},
        timeout=30,
    )
    status = f"{address}/status/{accepted.json()['job_id']}"
    wait_until(lambda: requests.get(status, timeout=30).status_code == 200, seconds=120)
    face_id: str = requests.get(status, timeout=30).json()["face_records"][0]["face_id"]
    return face_id


def named(address: str) -> str:
    answer = requests.post(address, files={"inputFile": PHOTO}, timeout=120)
    return str(answer.json()["result"])


def test_photo_that_comes_after_a_rejection_is_not_named_so(address: str) -> None:
    face_id = indexed(address, "obama")
    wait_until(lambda: named(address) == OBAMA, seconds=60, what="the worker to know him")

    said = requests.post(
        f"{address}/collections/default/faces/{face_id}/reject",
        json={"person": OBAMA},
        timeout=60,
    )

    assert said.json()["person"] is None
    assert named(address) == "Unknown"
