"""Memory of photos that are done with, given back to the system."""

import ctypes
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

_ACCEPTED_BYTES: Final = 200_000_000
"""The libraries, the networks, and all that photos of a few megapixels need."""
_LARGE_BYTES: Final = 12 * 1024 * 1024
"""What such a photo needs at a time is smaller. Pillow takes 16 MB at a time for larger ones."""
_KEPT_BYTES: Final = 64 * 1024 * 1024
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Of glibc's ``malloc.h``."""


def give_large_blocks_back() -> None:
    """Have this process give back each block of 12 MB or more as soon as it is free.

    glibc otherwise learns from the blocks of the first photos to keep those up to 32 MB.
    The process then grows with every photo until `release_freed_memory` has to
    return everything, which makes the next photos slow.

    References
    ----------
    mallopt(3)
    """
    set_option = _from_libc("mallopt")
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        set_option(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def release_freed_memory() -> None:
    """Return freed memory to the system, once the process has grown beyond 200 MB.

    glibc keeps what was freed in small parts, so that a process would for ever
    stay as large as after its largest photo. To do so after every photo costs up
    to 12 ms, most of it for getting the same memory again for the next.

    References
    ----------
    malloc_trim(3)
    """
    if sys.platform != "linux" or _peak_bytes() < _ACCEPTED_BYTES:
        return
    if resident_bytes() < _ACCEPTED_BYTES:
        return
    trim = _from_libc("malloc_trim")
    if trim is not None:
        trim(0)


def _from_libc(name: str) -> Callable[..., int] | None:
    """Return a function of glibc; other libraries lack it."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None


def _peak_bytes() -> int:
    """Return the most that the process ever had, in a tenth of the time of `resident_bytes`."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
