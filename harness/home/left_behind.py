"""What a home must not have once all of its jobs have ended."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from core.errors import ObjectMissing, StorageUnavailable
from core.home.bucket import WRITING
from core.home.home import Home
from core.ports import Bucket
from core.settings import Settings

_LATER_S: Final = 3600


def left_behind(home: Home, settings: Settings) -> list[str]:
    """Return what is damaged, and what no sweep removes an hour later; a sentence each."""
    return [
        *damaged(home, settings),
        *_half_written(home, settings),
        *_in_queues(home, settings),
        *wrong_in_file(home),
    ]


def damaged(home: Home, settings: Settings) -> Iterator[str]:
    """Read every object, which compares its bytes with its version; yield what is not whole."""
    for name in settings.buckets:
        bucket = home.bucket(name)
        for key in _keys(bucket):
            try:
                bucket.get(key)
            except ObjectMissing:
                continue  # removed by a worker meanwhile
            except StorageUnavailable as error:
                yield str(error)


def _half_written(home: Home, settings: Settings) -> Iterator[str]:
    replace(home.sweep, clock=lambda: time.time() + _LATER_S).remove_broken_off()
    for name in settings.buckets:
        for file in (home.folder / name / WRITING).iterdir():
            yield f"{name}: {file.name} was not written to its end"


def _in_queues(home: Home, settings: Settings) -> Iterator[str]:
    for name in settings.queues:
        depth = home.depth([name], [])()
        if depth.jobs and not name.endswith("-dlq"):
            yield f"{name} has {depth.jobs} messages"


def wrong_in_file(home: Home) -> Iterator[str]:
    """Yield what SQLite finds amiss in its file."""
    with home.file.reading() as connection:
        for (said,) in connection.execute("PRAGMA integrity_check"):
            if said != "ok":
                yield f"{home.file.path}: {said}"


def _keys(bucket: Bucket) -> Iterator[str]:
    after = ""
    while keys := bucket.keys("", after=after):
        yield from keys
        after = keys[-1]
