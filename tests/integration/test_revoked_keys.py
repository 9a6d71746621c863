"""A real worker whose AWS keys are revoked while it runs, and which finds new ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.faults.http_proxy import HttpProxy, Refusal
from harness.localstack import LocalStack, free_port
from harness.waiting import wait_until
from tests.support.album_deployment import AlbumDeployment
from tests.support.photos import sample

PHOTO = sample("Barack Obama/obama.jpg")
OLD_KEY_IS_REFUSED = (
    Refusal(what=r"^SQS\.", code="InvalidClientTokenId", signed_by="old"),
    Refusal(what="", code="InvalidAccessKeyId", signed_by="old"),
)


def write_keys(profile: Path, key_id: str) -> None:
    profile.write_text(f"[default]\naws_access_key_id={key_id}\naws_secret_access_key=secret\n")


@pytest.fixture
def deployment(localstack: LocalStack, tmp_path: Path) -> Iterator[AlbumDeployment]:
    deployment = AlbumDeployment.on(localstack, tmp_path, sqs_max_receive_count=3)
    yield deployment
    deployment.stop()


@pytest.fixture
def proxy(localstack: LocalStack) -> Iterator[HttpProxy]:
    with HttpProxy(localstack.port, free_port()) as proxy:
        yield proxy


def test_worker_goes_on_with_the_new_keys_of_its_profile(
    deployment: AlbumDeployment, proxy: HttpProxy, tmp_path: Path
) -> None:
    profile = tmp_path / "credentials"
    write_keys(profile, "old")
    worker = deployment.start_worker(
        AWS_ENDPOINT_URL=proxy.address,
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
        AWS_SHARED_CREDENTIALS_FILE=str(profile),
        AWS_CONFIG_FILE=str(tmp_path / "none"),
        AWS_EC2_METADATA_DISABLED="true",
    )
    for number in range(6):
        deployment.put(f"{number % 2}/{number}.jpg", PHOTO)
    # LanceDB keeps its keys as long as a table is open, also one that nobody uses.
    deployment.shared.collections.create("friends")
    deployment.submit("0/", "friends")
    deployment.submit("0/")
    wait_until(deployment.is_answered, seconds=90, what="the first photos")

    proxy.refuse(*OLD_KEY_IS_REFUSED)
    deployment.submit("1/")
    wait_until(lambda: worker.logged("worker paused"), seconds=60, what="the worker to pause")
    assert not deployment.is_answered()
    write_keys(profile, "new")
    wait_until(deployment.is_answered, seconds=120, what="the other photos")

    assert deployment.outcomes() == {"done": 9}
    assert deployment.dead_letters() == 0
    assert worker.is_running
