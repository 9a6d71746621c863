"""When the port of metrics says that the web tier may have requests, on LocalStack."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from core.aws.clients import sqs_client
from core.aws.provisioning import provision
from core.settings import Settings
from harness.faults.tcp_proxy import TcpProxy
from harness.localstack import LocalStack, free_port
from harness.processes import WebProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.photos import sample
from tests.support.service import settings_of

PATIENCE_S = 60
Start = Callable[[Settings], WebProcess]


@pytest.fixture
def settings(localstack: LocalStack) -> Settings:
    changes = settings_of(web_processes=2, metrics_port=free_port(), max_wait_seconds=5)
    return localstack.settings(**own_names(), **changes)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a web tier, which ends with the test."""
    started: list[WebProcess] = []

    def start_one(settings: Settings) -> WebProcess:
        started.append(WebProcess(settings, tmp_path / "web.log"))
        return started[-1].started()

    yield start_one
    for each in started:
        each.stop()


def ready(settings: Settings) -> tuple[int, str]:
    """Ask as a load balancer does."""
    answer = requests.get(f"http://127.0.0.1:{settings.metrics_port}/ready", timeout=PATIENCE_S)
    return answer.status_code, answer.text


def wait_until_ready(settings: Settings) -> None:
    wait_until(lambda: ready(settings) == (200, "ready\n"), what="the web tier to be ready")


def test_web_tier_without_its_buckets_is_ready_once_they_are_there(
    settings: Settings, start: Start
) -> None:
    web = start(settings)
    wait_until(lambda: web.logged(settings.s3_gallery_bucket), what="the bucket to be missed")
    before = ready(settings)

    provision(settings)

    assert before == (503, "unready\n")
    wait_until_ready(settings)


def test_web_tier_without_one_of_its_queues_is_not_ready(settings: Settings, start: Start) -> None:
    provision(settings)
    sqs = sqs_client(settings)
    lost = settings.sqs_webhook_queue_name
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=lost)["QueueUrl"])

    web = start(settings)

    wait_until(lambda: web.log.read_text().count(lost) > 2, what="the queue to be missed again")
    assert ready(settings) == (503, "unready\n")


def test_web_tier_stays_ready_when_s3_and_sqs_go_away(
    localstack: LocalStack, settings: Settings, start: Start
) -> None:
    provision(settings)
    with TcpProxy(localstack.port, free_port()) as proxy:
        web = start(settings.model_copy(update={"aws_endpoint_url": proxy.address}))
        wait_until_ready(settings)

        proxy.refuse(True)
        proxy.cut()

        public = f"{web.address}/ready"
        wait_until(
            lambda: requests.get(public, timeout=PATIENCE_S).status_code == 503,
            what="the public /ready to tell people",
        )
        assert ready(settings) == (200, "ready\n")


def test_web_tier_that_stops_is_not_ready_while_its_last_request_is_answered(
    settings: Settings, start: Start
) -> None:
    provision(settings)
    web = start(settings)
    wait_until_ready(settings)

    with ThreadPoolExecutor(1) as client:
        upload = client.submit(
            requests.post,
            web.address,
            files={"inputFile": ("photo.jpg", sample("Barack Obama/obama.jpg"))},
            timeout=PATIENCE_S,
        )
        wait_until(lambda: not is_idle(settings), what="the photo to arrive")
        web.send(signal.SIGTERM)
        wait_until(lambda: ready(settings)[0] == 503, every_s=0.01, what="the web tier to stop")
        is_answered = upload.done()

        assert upload.result().status_code == 202
    assert not is_answered
    assert web.wait() == 0


def is_idle(settings: Settings) -> bool:
    """Tell whether no job has come; nobody takes any."""
    sqs = sqs_client(settings)
    url = sqs.get_queue_url(QueueName=settings.sqs_req_queue_name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return found["Attributes"]["ApproximateNumberOfMessages"] == "0"
