"""Large videos between the photos of an album: they fill no memory, and stop no photo."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.localstack import LocalStack
from harness.resource_meter import PeakMemory
from harness.waiting import wait_until
from tests.support.album_deployment import AlbumDeployment
from tests.support.photos import sample

PHOTOS = ("Barack Obama/obama.jpg", "Barack Obama/obama2.jpg", "Joe Biden/biden.jpg")
EACH = 4
VIDEO_BYTES = 100_000_000
VIDEOS_NAMED_JPG = 4


@pytest.fixture
def deployment(localstack: LocalStack, tmp_path: Path) -> Iterator[AlbumDeployment]:
    deployment = AlbumDeployment.on(localstack, tmp_path)
    yield deployment
    deployment.stop()


def put_photos(deployment: AlbumDeployment, folder: str) -> None:
    for number in range(EACH):
        for photo in PHOTOS:
            deployment.put(f"{folder}/{number}-{Path(photo).name}", sample(photo))


def peak_mb(deployment: AlbumDeployment, pid: int, folder: str) -> float:
    """Return the most memory that the worker has while it answers a folder."""
    with PeakMemory(pid) as peak:
        deployment.submit(f"{folder}/")
        wait_until(deployment.is_answered, seconds=300, what="the album")
    return peak.mb


def test_videos_in_an_album_take_no_memory_and_stop_no_photo(deployment: AlbumDeployment) -> None:
    worker = deployment.start_worker()
    put_photos(deployment, "photos")
    put_photos(deployment, "mixed")
    for number in range(VIDEOS_NAMED_JPG):
        deployment.put(f"mixed/0-video-{number}.jpg", os.urandom(VIDEO_BYTES))
    deployment.put("mixed/0-video.mp4", b"a video by its name")

    without_mb = peak_mb(deployment, worker.pid, "photos")
    with_mb = peak_mb(deployment, worker.pid, "mixed")

    photos = EACH * len(PHOTOS)
    assert deployment.outcomes() == {
        "done": 2 * photos,
        "FILE_TOO_LARGE": VIDEOS_NAMED_JPG,
        "UNSUPPORTED_IMAGE": 1,
    }
    assert deployment.enrolled() == 2 * photos
    assert with_mb - without_mb < VIDEO_BYTES / 1e6
