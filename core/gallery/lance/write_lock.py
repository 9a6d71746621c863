"""A lock for the writers on one machine."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock

WAIT_AT_MOST_S: Final = 30
"""After which a writer writes without the lock."""
_PAUSE_S: Final = 0.005


@contextmanager
def write_lock(gallery_id: str, part: str = "journal") -> Iterator[None]:
    """Let one process of this machine write to a part of a gallery at a time.

    Writers work without it, but poorly: if several commit at once, one succeeds
    and the others try again. Of eight writers, some tried for a minute. If the
    lock can't be had, or not soon, the block runs all the same. The writer that
    holds the first lock is next for the second, so no writer can take the second
    one again and again.
    """
    deadline_s = time.monotonic() + WAIT_AT_MOST_S
    with ExitStack() as held:
        name = f"{part}-{gallery_id[:2]}"
        with suppress(OSError), _lock(f"{name}-next", deadline_s):
            held.enter_context(_lock(f"{name}-now", deadline_s))
        yield


def _lock(name: str, deadline_s: float) -> FileLock:
    """Return a lock of this machine, which the kernel takes from a process that dies.

    Entering it raises ``TimeoutError`` if others hold it until then.
    """
    return FileLock(
        Path(tempfile.gettempdir()) / f"face-gallery-{name}",
        timeout=max(0.0, deadline_s - time.monotonic()),
        mode=0o600,
        poll_interval=_PAUSE_S,
        fallback_to_soft=False,  # a soft lock outlives a killed process
    )
