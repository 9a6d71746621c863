"""Strangers on the running service: seen as groups, named, ignored, and erased to the last byte."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.ground.storage_keys import CROPS, GALLERIES, GROUPS
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.photos import sample
from tests.support.service import settings_of

OBAMA, BIDEN = "Barack Obama", "Joe Biden"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running service that keeps unknown faces."""

    settings: Settings
    address: str

    def upload(self, photo: str) -> str:
        """Upload a photo for the collection; return the result's name."""
        answer = requests.post(
            self.address,
            files={"inputFile": sample(photo)},
            data={"collection_id": "door"},
            timeout=120,
        )
        return str(answer.json()["result"])

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(
            method, f"{self.address}/collections/door{path}", timeout=60, **more
        )

    def sizes(self) -> list[int]:
        return [group["size"] for group in self.groups()]

    def groups(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/groups").json()["groups"]
        return found

    def keys(self, prefix: str) -> list[str]:
        bucket = Infrastructure.on_aws(self.settings).bucket(self.settings.s3_gallery_bucket)
        return bucket.keys(prefix)


@pytest.fixture
def running(localstack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = localstack.settings(
        **own_names(),
        **settings_of(max_file_mb=1, keep_unknown=True, result_cache_seconds=0),
    )
    provision(settings)
    logs = tmp_path_factory.mktemp("unknown")
    web = WebProcess(settings, logs / "web.log")
    worker = WorkerProcess(settings, logs / "worker.log")
    try:
        web.started()
        worker.started()
        yield Running(settings=settings, address=web.address)
    finally:
        worker.stop()
        web.stop()


def test_strangers_are_grouped_named_ignored_and_erased(running: Running) -> None:
    made = {"collection_id": "door"}
    requests.post(f"{running.address}/collections", json=made, timeout=60)
    assert running.upload(f"{OBAMA}/obama.jpg") == "Unknown"
    assert running.upload(f"{OBAMA}/obama2.jpg") == "Unknown"
    assert running.upload(f"{BIDEN}/biden.jpg") == "Unknown"
    wait_until(lambda: running.sizes() == [2, 1], seconds=60, what="the strangers to be grouped")
    obama, biden = running.groups()
    picture = requests.get(f"{running.address}{obama['faces'][0]['image']}", timeout=60)
    assert picture.content.startswith(b"\xff\xd8")

    named = running.call("POST", f"/groups/{obama['group_id']}/name", json={"person": OBAMA})
    ignored = running.call("POST", f"/groups/{biden['group_id']}/ignore")

    assert (named.json()["faces"], ignored.json()["ignored"]) == (2, True)
    again = running.call("POST", f"/groups/{obama['group_id']}/name", json={"person": "Eve"})
    assert (again.status_code, again.json()["code"]) == (409, "GROUP_CHANGED")
    wait_until(
        lambda: running.upload(f"{OBAMA}/obama3.jpg") == OBAMA, seconds=60, what="him to be known"
    )
    assert running.upload(f"{BIDEN}/biden.jpg") == "Unknown"
    wait_until(
        lambda: sizes_of(running, "/groups?ignored=true") == [2], seconds=60, what="him to join"
    )
    assert not [group for group in running.groups() if group["group_id"] == biden["group_id"]]

    assert running.call("DELETE", "").status_code == 204

    for prefix in (CROPS, GROUPS, f"{GALLERIES}/"):
        assert running.keys(prefix) == []


def sizes_of(running: Running, path: str) -> list[int]:
    return [group["size"] for group in running.call("GET", path).json()["groups"]]
