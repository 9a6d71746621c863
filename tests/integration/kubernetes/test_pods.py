"""The pods of the chart as processes, on LocalStack: from empty buckets to an answer."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from harness.faults import small_tmp
from harness.localstack import LocalStack, free_port
from harness.waiting import wait_until
from tests.support.kubernetes.running import Pod
from tests.support.photos import sample


@dataclass
class Cluster:
    """Pods, and what they have in the place of the cluster's network."""

    localstack: LocalStack
    folder: Path
    web_port: int
    metrics_port: int
    pods: list[Pod]

    def pod(self, kind: str, name: str, values: str = "dev") -> Pod:
        changes = {
            "AWS_ENDPOINT_URL": self.localstack.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "WEB_PORT": str(self.web_port),
            "METRICS_PORT": str(self.metrics_port),
        }
        self.pods.append(Pod(kind, name, values, self.folder, **changes))
        return self.pods[-1]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def metrics(self, after: int) -> str:
        with suppress(requests.RequestException):
            return requests.get(f"http://127.0.0.1:{self.metrics_port + after}", timeout=5).text
        return ""


@pytest.fixture
def may_mount() -> None:
    """Skip where a process can't have mounts of its own."""
    if not small_tmp.is_possible():
        pytest.skip("this machine has no user namespaces: the pods' root would not be read-only")


@pytest.fixture
def cluster(may_mount: None, own_localstack: LocalStack, tmp_path: Path) -> Iterator[Cluster]:
    running = Cluster(own_localstack, tmp_path, free_port(), free_port(), [])
    yield running
    for each in running.pods:
        each.kill()


def test_pods_answer_an_upload_with_a_root_that_they_can_not_write_to(cluster: Cluster) -> None:
    web, worker = cluster.pod("Deployment", "efr-web"), cluster.pod("Deployment", "efr-worker")
    shell = cluster.pod("Deployment", "efr-shell")
    assert shell.run("touch", str(Path(__file__))).returncode != 0
    assert not worker.probe("startupProbe")

    # As in a cluster with LocalStack: the pods are there before the buckets.
    worker.start()
    web.start()
    wait_until(lambda: web.probe("startupProbe"), seconds=120, what="the web tier")
    assert not web.probe("readinessProbe")
    setup = cluster.pod("Job", "efr-setup-1").run()
    assert (setup.returncode, setup.stderr) == (0, "")
    assert worker.is_running, worker.log.read_text()[-2000:]

    made = shell.run("python", "scripts/efr.py", "keys", "create", "me", "--admin")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip().splitlines()[-1]
    wait_until(lambda: web.probe("readinessProbe"), seconds=30, what="the readiness probe")

    people = shell.tmp / "people" / "Barack Obama"
    people.mkdir(parents=True)
    (people / "obama.jpg").write_bytes(sample("Barack Obama/obama.jpg"))
    enrolled = shell.run("python", "scripts/enroll.py", "/tmp/people")  # noqa: S108 - the pod's
    assert enrolled.returncode == 0, enrolled.stdout + enrolled.stderr
    wait_until(lambda: worker.probe("livenessProbe"), seconds=120, what="the worker")
    answer = requests.post(
        cluster.address,
        files={"inputFile": ("photo.jpg", sample("Barack Obama/obama3.jpg"))},
        headers={"X-API-Key": key},
        timeout=60,
    )
    assert answer.json()["result"] == "Barack Obama"
    # Jobs are counted once their messages are settled.
    counted = re.compile(r"^efr_jobs_total\{.*\} 1.0$", re.MULTILINE)
    wait_until(lambda: counted.search(cluster.metrics(2)), seconds=30, what="the count of jobs")

    upgrade = cluster.pod("Job", "efr-upgrade").run()
    assert upgrade.returncode == 0, upgrade.stdout + upgrade.stderr
    assert (web.stop(), worker.stop()) == (0, 0)


def test_autoscaler_beside_keda_counts_the_queues_and_starts_no_worker(cluster: Cluster) -> None:
    setup = cluster.pod("Job", "efr-setup", "prod").run()
    assert setup.returncode == 0, setup.stderr
    counter = cluster.pod("Deployment", "efr-autoscaler", "prod")

    counter.start()

    shown = 'efr_queue_messages{queue="interactive",state="waiting"} 0.0'
    wait_until(lambda: shown in cluster.metrics(1), seconds=60, what="the count of the queues")
    assert 'efr_workers{state="wanted"} 0.0' in cluster.metrics(1)
    assert not [each for each in counter.processes if "run_worker" in " ".join(each.cmdline())]
    assert counter.stop() == 0
