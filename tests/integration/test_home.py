"""The whole service on a home of one machine; `test_chaos` kills and starves it."""

import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from core.settings import Settings
from harness.processes import Process, WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import Backends, home_backends, home_settings
from tests.support.photos import sample
from tests.support.service import settings_of
from tests.support.services.receiver import Receiver

OBAMA = ("Barack Obama/obama.jpg", "Barack Obama/obama2.jpg")


@dataclass(kw_only=True)
class Machine:
    """Web tier and workers, and what their callers were told."""

    settings: Settings
    folder: Path
    processes: list[Process] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.backends: Backends = home_backends(self.settings)
        self.address = f"http://127.0.0.1:{self.settings.web_port}"

    def start(self) -> None:
        number = len(self.processes)
        web = WebProcess(self.settings, self.folder / f"web-{number}.log")
        worker = WorkerProcess(self.settings, self.folder / f"worker-{number}.log")
        self.processes += [web, worker]
        web.started()
        worker.started()

    def upload(self, number: int) -> None:
        """Upload a photo, and note its job if it is accepted."""
        photo = sample(OBAMA[1]) + str(number).encode()  # no earlier answer fits
        try:
            answer = requests.post(
                f"{self.address}/",
                files={"inputFile": ("obama.jpg", photo)},
                headers={"Prefer": "respond-async"},
                timeout=60,
            )
        except requests.RequestException:
            return
        if answer.ok:
            self.accepted.append(answer.json()["job_id"])

    def status(self, job_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{self.address}/status/{job_id}", timeout=60).json()
        return answer

    def enrol(self) -> None:
        asked = {"collection_id": "default"}
        requests.post(f"{self.address}/collections", json=asked, timeout=60).raise_for_status()
        form = {"collection_id": "default", "image_id": "obama", "person": "Barack Obama"}
        files = {"image": ("obama.jpg", sample(OBAMA[0]))}
        sent = requests.post(f"{self.address}/faces/index", data=form, files=files, timeout=60)
        self.wait_for(sent.json()["job_id"])
        wait_until(lambda: self.name_on_a_photo() == "Barack Obama", every_s=0.5)

    def name_on_a_photo(self) -> str:
        photo = {"inputFile": sample(OBAMA[1]) + uuid.uuid4().bytes}
        answer = requests.post(f"{self.address}/", files=photo, timeout=60).json()
        return str(answer.get("result"))

    def wait_for(self, job_id: str) -> dict[str, Any]:
        wait_until(lambda: self.status(job_id)["status"] != "pending", seconds=120)
        return self.status(job_id)

    def messages(self) -> int:
        names = [name for name in self.settings.queues if not name.endswith("-dlq")]
        return self.backends.infrastructure.depth(names, [])().jobs


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    webhooks = {"webhook_allow_private": ("127.0.0.1",), "webhook_retry_seconds": (1, 1)}
    settings = home_settings(tmp_path / "home", **settings_of(auth="off", **webhooks))
    machine = Machine(settings=settings, folder=tmp_path)
    yield machine
    for process in machine.processes:
        process.stop()


def test_everything_that_was_stored_is_there_after_a_restart(machine: Machine) -> None:
    machine.start()
    machine.enrol()
    for process in machine.processes:
        process.stop()

    machine.start()

    people = requests.get(f"{machine.address}/collections/default/persons", timeout=60).json()
    assert [each["person"] for each in people["persons"]] == ["Barack Obama"]
    machine.upload(1)
    assert machine.wait_for(machine.accepted[0])["result"] == "Barack Obama"


def test_event_of_a_job_reaches_its_receiver_at_the_second_attempt(machine: Machine) -> None:
    machine.start()
    with Receiver(lambda number: (500, 200)[number]) as receiver:
        asked = {"url": f"http://127.0.0.1:{receiver.port}/hook", "events": ["job.done"]}
        requests.post(f"{machine.address}/webhooks", json=asked, timeout=60).raise_for_status()

        machine.upload(1)

        wait_until(lambda: receiver.accepted, seconds=120)
        wait_until(lambda: machine.messages() == 0, seconds=60)
        assert len(receiver.ids) == 2
        assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize("command", ["serve", "worker", "autoscaler"])
def test_process_whose_home_can_not_be_used_says_so_and_ends(
    machine: Machine, command: str
) -> None:
    (machine.folder / "a-file").touch()
    place = machine.folder / "a-file" / "home"
    settings = home_settings(place, **settings_of(auth="off"))

    process = Process([sys.executable, "-m", "efr_cli", command], settings, machine.folder / "log")
    machine.processes.append(process)

    assert process.wait() == 2
    assert process.logged("HOME_UNUSABLE")
    assert process.logged(str(place))


def test_autoscaler_starts_a_worker_for_a_job_and_ends_it(machine: Machine) -> None:
    settings = machine.settings.model_copy(update={"scale_in_cooldown_seconds": 1})
    web = WebProcess(settings, machine.folder / "web.log").started()
    command = [sys.executable, "-m", "efr_cli", "autoscaler"]
    autoscaler = Process(command, settings, machine.folder / "autoscaler.log")
    machine.processes += [web, autoscaler]

    machine.upload(1)

    assert machine.wait_for(machine.accepted[0])["status"] == "done"
    wait_until(lambda: not psutil.Process(autoscaler.pid).children(), seconds=60)
