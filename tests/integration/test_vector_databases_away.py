"""A real worker whose vector database goes away: no job is lost, and none fails.

The databases answer over a socket: Milvus Lite as a server, and the engine of Qdrant's
client behind Qdrant's REST interface.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.faults.tcp_proxy import TcpProxy
from harness.localstack import LocalStack, free_port
from harness.waiting import wait_until
from tests.support.album_deployment import AlbumDeployment
from tests.support.photos import sample
from tests.support.services.milvus_server import MilvusServer
from tests.support.services.qdrant_service import QdrantService
from tests.support.waiting import let_pass

PHOTO = sample("Barack Obama/obama.jpg")
PHOTOS_A_FAULT = 3
RECEIVES = {
    "sqs_max_receive_count": 2,
    "sqs_visibility_timeout_seconds": 2,
    "visibility_heartbeat_seconds": 0.5,
}
OUTAGE_S = 5
"""Longer than the two receives that a message has, of 2 s each."""

Switch = Callable[[bool], None]
"""Lets a fault begin, or end."""


def unreachable(proxy: TcpProxy) -> Switch:
    def switch(away: bool) -> None:
        proxy.refuse(away)
        proxy.cut()

    return switch


def refusing(qdrant: QdrantService, status: int) -> Switch:
    def switch(away: bool) -> None:
        qdrant.refusal = status if away else 0

    return switch


@contextmanager
def deployment_on(
    localstack: LocalStack, folder: Path, **changes: object
) -> Iterator[AlbumDeployment]:
    deployment = AlbumDeployment.on(localstack, folder, **RECEIVES, **changes)
    try:
        yield deployment
    finally:
        deployment.stop()


def assert_no_job_is_lost(deployment: AlbumDeployment, faults: list[Switch]) -> None:
    """Let one fault after the other come and go, each with photos that come meanwhile."""
    deployment.put("before/0.jpg", PHOTO)
    deployment.submit("before/")
    worker = deployment.start_worker()
    wait_until(deployment.is_answered, seconds=90, what="the first photo")

    for number, switch in enumerate(faults):
        switch(True)
        for photo in range(PHOTOS_A_FAULT):
            deployment.put(f"{number}/{photo}.jpg", PHOTO)
        deployment.submit(f"{number}/")
        let_pass(OUTAGE_S)
        assert deployment.statuses()[-1].pending == PHOTOS_A_FAULT
        switch(False)
        wait_until(deployment.is_answered, seconds=120, what="the photos of the fault")

    photos = 1 + PHOTOS_A_FAULT * len(faults)
    assert worker.logged("INDEX_UNAVAILABLE")
    assert worker.is_running
    assert deployment.outcomes() == {"done": photos}
    assert deployment.dead_letters() == 0
    assert deployment.enrolled() == photos


def test_no_job_is_lost_while_qdrant_refuses_or_is_not_there(
    localstack: LocalStack, tmp_path: Path
) -> None:
    with (
        QdrantService() as qdrant,
        TcpProxy(qdrant.port, free_port()) as proxy,
        deployment_on(
            localstack, tmp_path, face_index="qdrant", qdrant_url=proxy.address
        ) as deployment,
    ):
        assert_no_job_is_lost(
            deployment, [refusing(qdrant, 403), refusing(qdrant, 503), unreachable(proxy)]
        )
        assert qdrant.refused > 0


def test_no_job_is_lost_while_milvus_is_not_there(localstack: LocalStack, tmp_path: Path) -> None:
    with (
        MilvusServer(tmp_path / "milvus") as milvus,
        TcpProxy(milvus.port, free_port()) as proxy,
        deployment_on(
            localstack, tmp_path, face_index="milvus", milvus_uri=proxy.address
        ) as deployment,
    ):
        assert_no_job_is_lost(deployment, [unreachable(proxy)])
