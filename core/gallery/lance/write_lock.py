"""Turns of the writers on one machine."""

import fcntl
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

_WAIT_AT_MOST_S: Final = 30
_PAUSE_S: Final = 0.005


@contextmanager
def turn(gallery_id: str) -> Iterator[None]:
    """Let one process of this machine write to a gallery at a time.

    Writers get along without it, but poorly: of several that commit at once
    one succeeds and the others try again; of eight, some tried for a minute.
    Where a turn can't be had, or not soon, the block runs all the same. Who
    waits for the first lock is next for the second, so that one writer can't
    take turn after turn.
    """
    deadline_s = time.monotonic() + _WAIT_AT_MOST_S
    with ExitStack() as held:
        with suppress(TimeoutError, OSError), _locked(f"{gallery_id[:2]}-next", deadline_s):
            held.enter_context(_locked(f"{gallery_id[:2]}-now", deadline_s))
        yield


@contextmanager
def _locked(name: str, deadline_s: float) -> Iterator[None]:
    """Hold a lock of this machine; whoever is killed no longer does.

    Raises
    ------
    TimeoutError
        If others hold it until then.
    """
    path = Path(tempfile.gettempdir()) / f"face-gallery-{name}"
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while not _taken(lock):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"others hold {path}")
            time.sleep(random.uniform(0.5, 1.5) * _PAUSE_S)  # noqa: S311 - no secret
        yield
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
