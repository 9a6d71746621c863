"""Faults of a real worker process with the real engine, on LocalStack."""

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.aws.provisioning import provision
from core.errors import ObjectMissing
from core.jobs.recognition_job import Job
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import WorkerProcess
from harness.waiting import wait_until
from tests.support.backends import Backends, aws_backends, own_names
from tests.support.executors import is_alive, on_ray
from tests.support.photos import sample
from tests.support.service import Counts, settings_of
from tests.support.services.metadata_service import MetadataService
from tests.support.services.task_agent import TaskAgent
from tests.support.waiting import let_pass


@dataclass(kw_only=True)
class Deployment:
    """Queues, buckets and the workers between them."""

    settings: Settings
    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.backends: Backends = aws_backends(self.settings)
        self.counts = Counts(self.settings)

    def start_worker(self) -> WorkerProcess:
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProcess(self.settings, log))
        return self.workers[-1].started()

    def accept(self) -> Job:
        job = Job.new("obama.jpg")
        photo = sample("Barack Obama/obama.jpg")
        self.backends.inputs.put(job.input_key, photo, content_type="image/jpeg")
        self.backends.queue.send(job.body)
        return job

    def result(self, job: Job) -> dict[str, Any] | None:
        try:
            stored = self.backends.outputs.get(job.job_id)
        except ObjectMissing:
            return None
        parsed: dict[str, Any] = json.loads(stored.body)
        return parsed

    def wait_for_result(self, job: Job, seconds: float = 90) -> dict[str, Any]:
        wait_until(lambda: self.result(job), seconds=seconds, what="a result")
        result = self.result(job)
        assert result is not None
        return result

    def wait_until_drained(self) -> None:
        wait_until(lambda: self.counts.visible() + self.counts.in_flight() == 0, seconds=60)


NewDeployment = Callable[..., Deployment]


@pytest.fixture
def new_deployment(localstack: LocalStack, tmp_path: Path) -> Iterator[NewDeployment]:
    """Return a maker of deployments with settings of the test's own."""
    deployments: list[Deployment] = []

    def make(**changes: object) -> Deployment:
        settings = localstack.settings(**own_names(), **settings_of(**changes))
        deployments.append(Deployment(settings=settings, folder=tmp_path))
        return deployments[-1]

    yield make
    for deployment in deployments:
        for worker in deployment.workers:
            worker.stop()


@pytest.fixture
def machine() -> Iterator[MetadataService]:
    """Return what the worker takes for EC2's metadata service."""
    with MetadataService() as running:
        yield running


@pytest.fixture
def agent() -> Iterator[TaskAgent]:
    """Return what the worker takes for its task's ECS agent."""
    with TaskAgent() as running:
        yield running


def freeze_child_at_work(deployment: Deployment, worker: WorkerProcess) -> Job:
    """Stop the only child as a hanging one would, and give it a job."""
    (child,) = worker.children()
    child.suspend()
    job = deployment.accept()
    wait_until(lambda: deployment.counts.in_flight() == 1, what="the job to be received")
    return job


def test_hanging_child_is_killed_at_its_deadline_and_the_job_done(
    new_deployment: NewDeployment,
) -> None:
    deployment = new_deployment(job_timeout_seconds=3)
    worker = deployment.start_worker()
    (child,) = worker.children()

    job = freeze_child_at_work(deployment, worker)

    assert deployment.wait_for_result(job)["status"] == "done"
    assert worker.logged("RECOGNITION_TIMED_OUT")
    assert not child.is_running()
    deployment.wait_until_drained()


def test_job_that_always_hangs_fails_and_is_dead_lettered(new_deployment: NewDeployment) -> None:
    deployment = new_deployment(job_timeout_seconds=0.001, sqs_max_receive_count=2)
    deployment.start_worker()
    job = deployment.accept()

    result = deployment.wait_for_result(job)

    assert result["status"] == "failed"
    assert result["error"]["code"] == "RECOGNITION_TIMED_OUT"
    wait_until(lambda: deployment.backends.dead_letters.receive(limit=1, wait_s=0), seconds=60)


def test_killed_child_is_replaced_and_the_job_done(new_deployment: NewDeployment) -> None:
    deployment = new_deployment()
    worker = deployment.start_worker()
    (child,) = worker.children()
    job = freeze_child_at_work(deployment, worker)

    child.kill()

    assert deployment.wait_for_result(job)["status"] == "done"
    (replacement,) = worker.children()
    assert replacement.pid != child.pid
    deployment.wait_until_drained()


def test_job_of_a_killed_worker_is_done_by_the_next(new_deployment: NewDeployment) -> None:
    deployment = new_deployment()
    worker = deployment.start_worker()
    (child,) = worker.children()
    job = freeze_child_at_work(deployment, worker)

    worker.send(signal.SIGKILL)
    worker.wait()
    deployment.start_worker()

    assert deployment.wait_for_result(job)["status"] == "done"
    assert not child.is_running()
    deployment.wait_until_drained()


def test_sigterm_lets_the_running_job_finish(new_deployment: NewDeployment) -> None:
    deployment = new_deployment()
    worker = deployment.start_worker()
    (child,) = worker.children()
    job = freeze_child_at_work(deployment, worker)

    worker.send(signal.SIGTERM)
    wait_until(lambda: worker.logged("worker is draining"))
    child.resume()

    assert worker.wait() == 0
    assert deployment.wait_for_result(job)["status"] == "done"
    assert deployment.counts.visible() + deployment.counts.in_flight() == 0


def test_sigterm_ends_a_worker_whose_child_hangs_at_its_start(
    new_deployment: NewDeployment,
) -> None:
    deployment = new_deployment()
    worker = WorkerProcess(deployment.settings, deployment.folder / "worker.log")
    deployment.workers.append(worker)
    wait_until(worker.children, what="a child")
    (child,) = worker.children()
    child.suspend()

    worker.send(signal.SIGTERM)

    assert worker.wait(30) == 0  # long before it would give the child up
    assert not is_alive(child.pid)


def test_sigterm_releases_the_job_that_outlasts_the_grace(new_deployment: NewDeployment) -> None:
    deployment = new_deployment(
        shutdown_grace_seconds=1, sqs_visibility_timeout_seconds=600, job_timeout_seconds=600
    )
    worker = deployment.start_worker()
    (child,) = worker.children()
    job = freeze_child_at_work(deployment, worker)

    worker.send(signal.SIGTERM)

    assert worker.wait() == 0
    assert deployment.result(job) is None
    assert deployment.counts.visible() == 1
    assert not child.is_running()


def test_spot_interruption_drains_the_worker_and_releases_what_has_not_begun(
    new_deployment: NewDeployment, machine: MetadataService
) -> None:
    deployment = new_deployment(
        ec2_metadata_url=machine.address, sqs_visibility_timeout_seconds=600
    )
    worker = deployment.start_worker()
    (child,) = worker.children()
    child.suspend()
    jobs = [deployment.accept() for _ in range(6)]
    wait_until(lambda: deployment.counts.in_flight() >= 4, what="jobs to be received ahead")

    machine.announce_interruption()
    wait_until(lambda: deployment.counts.visible() == 4, what="four jobs to be released")
    child.resume()

    assert worker.wait() == 0
    assert worker.logged("spot interruption: terminate")
    assert sum(deployment.result(job) is not None for job in jobs) == 2
    assert (deployment.counts.visible(), deployment.counts.in_flight()) == (4, 0)


def test_worker_that_is_started_on_a_machine_that_ends_takes_no_job(
    new_deployment: NewDeployment, machine: MetadataService
) -> None:
    deployment = new_deployment(ec2_metadata_url=machine.address)
    machine.recommend_rebalance()
    worker = WorkerProcess(deployment.settings, deployment.folder / "worker.log")
    deployment.workers.append(worker)
    deployment.accept()
    wait_until(lambda: worker.logged("worker was held back"), seconds=60)

    assert worker.children() == []
    assert deployment.counts.visible() == 1
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0


def test_worker_that_was_held_back_starts_when_the_notice_is_withdrawn(
    new_deployment: NewDeployment, machine: MetadataService
) -> None:
    deployment = new_deployment(ec2_metadata_url=machine.address)
    machine.recommend_rebalance()
    worker = WorkerProcess(deployment.settings, deployment.folder / "worker.log")
    deployment.workers.append(worker)
    wait_until(lambda: worker.logged("worker was held back"), seconds=60)
    assert not worker.logged("worker started")

    machine.withdraw()

    worker.started()


def test_busy_worker_is_protected_from_scale_in_until_it_has_drained(
    new_deployment: NewDeployment, agent: TaskAgent
) -> None:
    deployment = new_deployment(ecs_agent_uri=agent.uri)
    worker = deployment.start_worker()
    assert agent.protected == []
    freeze_child_at_work(deployment, worker)
    wait_until(lambda: agent.protected == [True], what="the protection")

    worker.send(signal.SIGTERM)
    wait_until(lambda: worker.logged("worker is draining"))
    assert agent.protected == [True]
    worker.children()[0].resume()

    assert worker.wait() == 0
    assert agent.protected == [True, False]


def test_refused_protection_harms_no_job(new_deployment: NewDeployment, agent: TaskAgent) -> None:
    agent.refusal = (500, "")
    deployment = new_deployment(ecs_agent_uri=agent.uri)
    worker = deployment.start_worker()
    job = freeze_child_at_work(deployment, worker)

    wait_until(lambda: worker.logged("scale-in protection was not set"))
    worker.children()[0].resume()

    assert deployment.wait_for_result(job)["status"] == "done"


def test_slow_job_is_not_delivered_twice(new_deployment: NewDeployment) -> None:
    deployment = new_deployment(sqs_visibility_timeout_seconds=6, visibility_heartbeat_seconds=1)
    worker = deployment.start_worker()
    (child,) = worker.children()
    job = freeze_child_at_work(deployment, worker)

    let_pass(8)
    assert (deployment.counts.in_flight(), deployment.counts.visible()) == (1, 0)
    child.resume()

    assert deployment.wait_for_result(job)["status"] == "done"
    wait_until(lambda: worker.logged('"receive_count": 1'), what="the log of the first delivery")
    assert not worker.logged('"receive_count": 2')


def test_duplicate_malformed_and_missing_messages_are_settled(
    new_deployment: NewDeployment,
) -> None:
    deployment = new_deployment()
    deployment.start_worker()
    job = deployment.accept()
    deployment.backends.queue.send(job.body)
    deployment.backends.queue.send("no job")
    orphan = Job.new("nothing.jpg")
    deployment.backends.queue.send(orphan.body)

    assert deployment.wait_for_result(job)["status"] == "done"
    assert deployment.wait_for_result(orphan)["error"]["code"] == "INPUT_MISSING"
    deployment.wait_until_drained()


def test_worker_outlives_a_localstack_that_hangs_for_ten_seconds(
    own_localstack: LocalStack, tmp_path: Path
) -> None:
    settings = own_localstack.settings(**own_names(), **settings_of())
    deployment = Deployment(settings=settings, folder=tmp_path)
    worker = deployment.start_worker()
    job = freeze_child_at_work(deployment, worker)

    own_localstack.pause()
    worker.children()[0].resume()
    let_pass(10)
    own_localstack.resume()

    assert deployment.wait_for_result(job)["status"] == "done"
    assert deployment.wait_for_result(deployment.accept())["status"] == "done"
    worker.stop()


def test_worker_outlives_a_localstack_that_is_stopped_and_started_again(
    own_localstack: LocalStack, tmp_path: Path
) -> None:
    settings = own_localstack.settings(**own_names(), **settings_of())
    deployment = Deployment(settings=settings, folder=tmp_path)
    worker = deployment.start_worker()

    own_localstack.stop()
    wait_until(lambda: worker.logged("worker paused"), seconds=60, what="the worker to notice")
    own_localstack.start()
    provision(settings)

    assert deployment.wait_for_result(deployment.accept())["status"] == "done"
    worker.stop()


def test_worker_on_ray_answers_and_leaves_no_process_behind(new_deployment: NewDeployment) -> None:
    deployment = new_deployment(executor="ray")
    worker = deployment.start_worker()
    family = psutil.Process(worker.pid).children(recursive=True)
    assert len(on_ray().children(psutil.Process(worker.pid))) == 1

    assert deployment.wait_for_result(deployment.accept())["status"] == "done"
    worker.send(signal.SIGTERM)

    assert worker.wait() == 0
    wait_until(lambda: not any(is_alive(one.pid) for one in family), what="Ray's processes to end")


def test_bad_setting_stops_the_start_and_is_named(localstack: LocalStack, tmp_path: Path) -> None:
    settings = localstack.settings(**settings_of())
    worker = WorkerProcess(settings, tmp_path / "worker.log", SQS_WAIT_TIME_SECONDS="ten")

    assert worker.wait() == 2
    assert worker.logged("SQS_WAIT_TIME_SECONDS")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_worker_exits_with_zero(new_deployment: NewDeployment, number: signal.Signals) -> None:
    worker = new_deployment().start_worker()

    worker.send(number)

    assert worker.wait() == 0
    assert worker.logged("worker stopped")
