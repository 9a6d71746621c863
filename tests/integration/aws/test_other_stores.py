"""A store and queues of different makers, and stores that lack something of S3."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.aws.clients import s3_client, sqs_client
from core.aws.provisioning import provision
from core.aws.store_check import require_fitness
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.store_at_start import check_store
from core.errors import StorageUnavailable, StoreUnfit
from core.ground.storage_keys import CHECKS
from core.settings import Settings
from harness.localstack import LocalStack, free_port
from harness.processes import environment
from tests.support.backends import own_names
from tests.support.photos import ROOT
from tests.support.services.auto_scaling import moto_server
from tests.support.services.odd_store import Change, ignoring, store_before, without

GALLERY = "a" * 32


@pytest.fixture(scope="module")
def moto() -> Iterator[Settings]:
    with moto_server() as settings:
        yield settings


def names_of(settings: Settings) -> Settings:
    return settings.model_copy(update=own_names())


def test_photos_and_messages_are_with_different_makers(
    moto: Settings, localstack: LocalStack
) -> None:
    settings = localstack.settings(**own_names(), aws_endpoint_url_s3=moto.aws_endpoint_url)

    provision(settings)
    infrastructure = Infrastructure.of(settings)
    infrastructure.bucket(settings.s3_out_bucket).put("a/key", b"1", content_type="text/plain")
    infrastructure.queue(settings.sqs_req_queue_name).send("a-job")

    index = Shared(settings, infrastructure).index
    index.create(GALLERY, length=4)
    index.close()

    there = s3_client(moto).get_object(Bucket=settings.s3_out_bucket, Key="a/key")
    assert there["Body"].read() == b"1"
    found = sqs_client(localstack.settings()).get_queue_url(QueueName=settings.sqs_req_queue_name)
    assert found["QueueUrl"]
    listed = s3_client(moto).list_objects_v2(Bucket=settings.s3_gallery_bucket)
    assert any(GALLERY in each["Key"] for each in listed["Contents"])
    others = sqs_client(moto).list_queues().get("QueueUrls", [])  # of tests that ran before
    assert not [url for url in others if settings.sqs_req_queue_name in url]
    with pytest.raises(StorageUnavailable):
        infrastructure.bucket("another").get("a/key")


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (ignoring("if-none-match"), "PutObject ignores If-None-Match"),
        (ignoring("if-match"), "PutObject ignores If-Match"),
        (ignoring("x-amz-meta-check"), "metadata is not kept"),
        (without("lifecycle"), "GetBucketLifecycleConfiguration is not there"),
        (without("versioning"), "GetBucketVersioning is not there"),
    ],
)
def test_store_that_lacks_something_is_refused_by_name(
    moto: Settings, change: Change, missing: str
) -> None:
    settings = names_of(moto)
    s3_client(moto).create_bucket(Bucket=settings.s3_out_bucket)
    with store_before(str(moto.aws_endpoint_url), change) as address:
        odd = settings.model_copy(update={"aws_endpoint_url_s3": address})
        with pytest.raises(StoreUnfit, match=missing) as raised:
            check_store(odd)

    assert address in str(raised.value)
    left = s3_client(moto).list_objects_v2(Bucket=settings.s3_out_bucket, Prefix=CHECKS)
    assert left["KeyCount"] == 0


def test_set_up_tells_which_call_a_store_lacks(moto: Settings) -> None:
    with store_before(str(moto.aws_endpoint_url), without("lifecycle")) as address:
        odd = names_of(moto).model_copy(update={"aws_endpoint_url_s3": address})
        with pytest.raises(StoreUnfit, match=r"PutBucketLifecycle|GetBucketLifecycle"):
            provision(odd)


def test_store_that_is_whole_passes_and_keeps_nothing(localstack: LocalStack) -> None:
    settings = localstack.settings(**own_names())
    provision(settings)

    require_fitness(s3_client(settings), settings.s3_out_bucket)

    left = s3_client(settings).list_objects_v2(Bucket=settings.s3_out_bucket)
    assert left["KeyCount"] == 0


def test_store_that_is_away_stops_no_start() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    settings = Settings(
        _env_file=None,
        aws_endpoint_url_s3=address,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    check_store(settings)


def test_processes_end_that_would_use_an_unfit_store(moto: Settings) -> None:
    settings = names_of(moto).model_copy(update={"auth": "off", "web_port": free_port()})
    s3_client(moto).create_bucket(Bucket=settings.s3_out_bucket)
    with store_before(str(moto.aws_endpoint_url), ignoring("if-none-match")) as address:
        odd = settings.model_copy(update={"aws_endpoint_url_s3": address})
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "efr_cli", command],
                cwd=ROOT,
                env=environment(odd, {}),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for command in ("worker", "serve")
        ]
        for process in started:
            with process:
                told, _ = process.communicate(timeout=90)

                assert process.returncode == 2
                assert "STORE_UNFIT" in told
                assert address in told
