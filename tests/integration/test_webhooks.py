"""Events from real processes to a real receiver, whatever happens on the way."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from efr_cli import dead_letter_commands
from efr_cli.app import main
from standardwebhooks.webhooks import Webhook

from core.aws.autoscaling import QueueDepths
from core.aws.clients import sqs_client
from core.aws.provisioning import provision
from core.aws.sqs import SqsQueue
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.photos import made_photo
from tests.support.service import settings_of
from tests.support.services.receiver import Receiver

JOBS = 50
PATIENCE_S = 180


@dataclass(kw_only=True)
class Service:
    """A web process, workers, and a receiver of what they tell."""

    settings: Settings
    folder: Path
    receiver: Receiver
    workers: list[WorkerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        provision(self.settings)
        self.web = WebProcess(self.settings, self.folder / "web.log")

    def start_worker(self) -> WorkerProcess:
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProcess(self.settings, log))
        return self.workers[-1].started()

    def listen(self, *events: str, port: int | None = None) -> dict[str, Any]:
        url = f"http://127.0.0.1:{port or self.receiver.port}/hook"
        made = requests.post(
            f"{self.web.address}/webhooks", json={"url": url, "events": events}, timeout=30
        )
        made.raise_for_status()
        return dict(made.json())

    def upload(self, number: int = 0) -> str:
        """Upload a photo without faces; return its job."""
        answer = requests.post(
            f"{self.web.address}/",
            files={"inputFile": ("a.png", made_photo(size=(40 + number, 40)))},
            headers={"Prefer": "respond-async"},
            timeout=30,
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def failed(self, webhook_id: str) -> list[dict[str, Any]]:
        path = f"{self.web.address}/webhooks/{webhook_id}/deliveries"
        return list(requests.get(path, timeout=30).json()["deliveries"])

    def events_left(self) -> int:
        depth = QueueDepths(sqs_client(self.settings), [self.settings.sqs_webhook_queue_name])
        return depth().jobs

    def stop(self) -> None:
        for process in (*self.workers, self.web):
            process.stop()


NewService = Callable[[Receiver], Service]


@pytest.fixture
def new_service(localstack: LocalStack, tmp_path: Path) -> Iterator[NewService]:
    with ExitStack() as started:

        def make(receiver: Receiver) -> Service:
            started.enter_context(receiver)
            settings = localstack.settings(
                **own_names(),
                **settings_of(
                    webhook_allow_private=("127.0.0.1",), webhook_retry_seconds="1,1,1,1,1,1,1"
                ),
            )
            made = Service(settings=settings, folder=tmp_path, receiver=receiver)
            started.callback(made.stop)
            made.web.started()
            return made

        yield make


def test_receiver_that_answers_500_500_200_gets_three_attempts_with_one_id(
    new_service: NewService,
) -> None:
    service = new_service(Receiver(lambda number: (500, 500, 200)[number]))
    webhook = service.listen("job.done")
    service.start_worker()

    job = service.upload()

    wait_until(lambda: service.receiver.accepted, seconds=PATIENCE_S, what="an accepted event")
    wait_until(lambda: service.events_left() == 0, seconds=PATIENCE_S, what="no event to be left")
    assert len(service.receiver.received) == 3
    assert len(set(service.receiver.ids)) == 1
    for got in service.receiver.received:
        assert Webhook(webhook["secret"]).verify(got.body, got.headers)["data"]["job_id"] == job
    assert service.failed(webhook["webhook_id"]) == []


def test_event_whose_worker_is_killed_after_the_post_comes_again_with_its_id(
    new_service: NewService,
) -> None:
    posted, killed = threading.Event(), threading.Event()

    def answer_once_killed(number: int) -> int:
        if number == 0:
            posted.set()
            killed.wait(PATIENCE_S)
        return 200

    service = new_service(Receiver(answer_once_killed))
    service.listen("job.done")
    worker = service.start_worker()
    job = service.upload()
    assert posted.wait(PATIENCE_S)

    worker.send(signal.SIGKILL)
    worker.wait()
    killed.set()
    service.start_worker()

    wait_until(
        lambda: len(service.receiver.received) > 1, seconds=PATIENCE_S, what="the same once more"
    )
    wait_until(lambda: service.events_left() == 0, seconds=PATIENCE_S, what="no event to be left")
    assert len(set(service.receiver.ids)) == 1
    assert {got.event["data"]["job_id"] for got in service.receiver.received} == {job}


def test_every_job_is_told_though_receiver_fails_half_of_the_time_and_a_worker_is_killed(
    new_service: NewService,
) -> None:
    # Each event every second time: by chance, some would fail eight times and be given up.
    receiver = Receiver(lambda number: 500 if attempt(receiver, number) % 2 else 200)
    service = new_service(receiver)
    service.listen("job.done", "job.failed")
    first = service.start_worker()
    jobs = {service.upload(number) for number in range(JOBS)}
    wait_until(
        lambda: len(service.receiver.accepted) >= JOBS // 4,
        seconds=PATIENCE_S,
        what="a quarter of the events",
    )

    first.send(signal.SIGKILL)
    first.wait()
    service.start_worker()

    wait_until(
        lambda: len(service.receiver.accepted) == JOBS,
        seconds=PATIENCE_S,
        what="every event to be accepted",
    )
    told = {got.event_id: got.event["data"]["job_id"] for got in service.receiver.received}
    assert len(told) == JOBS
    assert set(told.values()) == jobs
    wait_until(lambda: service.events_left() == 0, seconds=PATIENCE_S, what="no event to be left")


def attempt(receiver: Receiver, number: int) -> int:
    """Return how many POSTs of its event had come with this one."""
    ids = receiver.ids[: number + 1]
    return ids.count(ids[number])


def test_receiver_that_answers_nothing_does_not_hold_up_another(new_service: NewService) -> None:
    end = threading.Event()
    service = new_service(Receiver(lambda _: 200))
    with Receiver(lambda _: 200 if end.wait(PATIENCE_S) else 500) as silent:
        service.listen("job.done")
        service.listen("job.done", port=silent.port)
        service.start_worker()
        for number in range(20):
            service.upload(number)

        wait_until(
            lambda: len(service.receiver.accepted) == 20,
            seconds=PATIENCE_S,
            what="the other receiver to get all",
        )
        assert len(silent.received) < 20
        end.set()


def test_dead_letter_of_the_queue_of_events_is_shown_and_purged(
    new_service: NewService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = new_service(Receiver())
    service.start_worker()
    monkeypatch.setattr(dead_letter_commands, "root_settings", lambda: service.settings)
    SqsQueue(sqs_client(service.settings), service.settings.sqs_webhook_queue_name).send("none")

    def listed() -> str:
        return CliRunner().invoke(main, ["dead-letters", "list", "--queue", "webhook"]).output

    wait_until(lambda: "1  malformed" in listed(), seconds=PATIENCE_S, what="a dead letter")
    purged = CliRunner().invoke(main, ["dead-letters", "purge", "--yes", "--queue", "webhook"])
    assert "1 message deleted" in purged.output
