"""Turns of the writers on one machine."""

import fcntl
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_WAIT_AT_MOST_S: Final = 15
_PAUSE_S: Final = 0.01


@contextmanager
def turn(gallery_id: str) -> Iterator[None]:
    """Let one process of this machine write to a gallery at a time.

    Writers get along without it, but poorly: of several that commit at once
    one succeeds and the others try again, so that with eight of them ten
    times the requests are made. Where a turn can't be had, or not soon,
    the block runs all the same.
    """
    path = Path(tempfile.gettempdir()) / f"face-gallery-turn-{gallery_id[:2]}"
    try:
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield
        return
    try:
        _wait_for(lock)
        yield
    finally:
        os.close(lock)


def _wait_for(lock: int) -> None:
    deadline_s = time.monotonic() + _WAIT_AT_MOST_S
    while time.monotonic() < deadline_s:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(random.uniform(0.5, 1.5) * _PAUSE_S)  # noqa: S311 - no secret
