"""Large videos between the photos of an album: they fill no memory, and stop no photo."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.localstack import LocalStack
from harness.resource_meter import PeakMemory
from harness.waiting import wait_until
from tests.support.album_tier import AlbumTier
from tests.support.photos import sample

PHOTOS = ("Barack Obama/obama.jpg", "Barack Obama/obama2.jpg", "Joe Biden/biden.jpg")
EACH = 4
VIDEO_BYTES = 100_000_000
VIDEOS_NAMED_JPG = 4


@pytest.fixture
def tier(localstack: LocalStack, tmp_path: Path) -> Iterator[AlbumTier]:
    tier = AlbumTier.on(localstack, tmp_path)
    yield tier
    tier.stop()


def put_photos(tier: AlbumTier, folder: str) -> None:
    for number in range(EACH):
        for photo in PHOTOS:
            tier.put(f"{folder}/{number}-{Path(photo).name}", sample(photo))


def peak_mb(tier: AlbumTier, pid: int, folder: str) -> float:
    """Return the most memory that the worker has while it answers a folder."""
    with PeakMemory(pid) as peak:
        tier.submit(f"{folder}/")
        wait_until(tier.is_answered, seconds=300, what="the album")
    return peak.mb


def test_videos_in_an_album_take_no_memory_and_stop_no_photo(tier: AlbumTier) -> None:
    worker = tier.start_worker()
    put_photos(tier, "photos")
    put_photos(tier, "mixed")
    for number in range(VIDEOS_NAMED_JPG):
        tier.put(f"mixed/0-video-{number}.jpg", os.urandom(VIDEO_BYTES))
    tier.put("mixed/0-video.mp4", b"a video by its name")

    without_mb = peak_mb(tier, worker.pid, "photos")
    with_mb = peak_mb(tier, worker.pid, "mixed")

    photos = EACH * len(PHOTOS)
    assert tier.outcomes() == {
        "done": 2 * photos,
        "FILE_TOO_LARGE": VIDEOS_NAMED_JPG,
        "UNSUPPORTED_IMAGE": 1,
    }
    assert tier.enrolled() == 2 * photos
    assert with_mb - without_mb < VIDEO_BYTES / 1e6
