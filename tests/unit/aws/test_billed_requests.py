"""Requests to S3 and SQS are counted as AWS bills them."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from prometheus_client import REGISTRY

from core.aws.billed_requests import count
from core.aws.clients import s3_client, sqs_client
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.settings import Settings
from harness.aws_prices import READ_USD, WRITE_USD, usd_per_million

KINDS = (("s3", "write"), ("s3", "read"), ("s3", "free"), ("sqs", "any"))


def counted() -> dict[str, float]:
    labels = [{"service": service, "billed": billed} for service, billed in KINDS]
    values = [REGISTRY.get_sample_value("efr_aws_requests_total", each) or 0 for each in labels]
    return dict(zip(("write", "read", "free", "sqs"), values, strict=True))


def since(before: dict[str, float]) -> dict[str, float]:
    now = counted()
    return {name: now[name] - value for name, value in before.items() if now[name] != value}


@pytest.fixture
def settings() -> Iterator[Settings]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Settings(
        _env_file=None,
        aws_endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    server.stop()


def test_requests_of_a_bucket_are_counted_whichever_client_sends_them(settings: Settings) -> None:
    client = s3_client(settings)
    client.create_bucket(Bucket="photos")
    store = S3Store(settings, "photos", client)

    before = counted()
    store.put("a/b", b"small", content_type="image/jpeg")
    store.put("large", bytes(2_000_000), content_type="image/jpeg")
    assert since(before) == {"write": 2}

    before = counted()
    store.get("a/b")
    store.notes("a/b")
    assert since(before) == {"read": 2}

    before = counted()
    store.keys("a/")
    store.versions("a/")
    store.delete("a/b")
    assert since(before) == {"write": 2, "free": 1}


def test_requests_of_a_queue_are_counted(settings: Settings) -> None:
    client = sqs_client(settings)
    client.create_queue(QueueName="jobs")
    queue = SqsQueue(client, "jobs")
    queue.check()

    before = counted()
    queue.send("a job")
    queue.delete_many(queue.receive(limit=10, wait_s=0))

    assert since(before) == {"sqs": 3}


@pytest.mark.parametrize(
    "operation",
    ["PutObject", "ListObjectsV2", "PostObject", "GetObject", "HeadObject", "DeleteObjects"],
)
def test_operation_is_billed_as_the_prices_say(operation: str) -> None:
    before = counted()

    count("s3", operation)

    (billed,) = since(before)
    price = {"write": WRITE_USD, "read": READ_USD, "free": 0.0}[billed]
    assert usd_per_million({f"s3.{operation}": 1}, {})["s3"] == round(price * 1_000_000, 2)
