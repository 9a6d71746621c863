"""Memory of photos that are done with, given back to the system."""

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

_ACCEPTED_BYTES: Final = 150_000_000


def release_freed_memory() -> None:
    """Return freed memory to the system, once the process has grown beyond 150 MB.

    glibc keeps what was freed in small parts, so that a process would for ever
    stay as large as after its largest photo. After every photo it would cost
    12 ms, most of it for getting the same memory again for the next.

    References
    ----------
    malloc_trim(3)
    """
    if sys.platform != "linux" or _resident_bytes() < _ACCEPTED_BYTES:
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
