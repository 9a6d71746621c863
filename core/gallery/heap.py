"""Limits the freed memory that a process keeps when it reads and writes galleries."""

import ctypes
import functools
import sys
from typing import Any, Final

_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""glibc's default threshold, which it would raise when large blocks are freed."""

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


@functools.cache
def keep_heap_small() -> None:
    """Keep little freed memory from now on; call this before threads start.

    Otherwise each of LanceDB's threads gets an arena of its own, up to eight per core,
    and no other thread can use what is freed in it. glibc would also keep large blocks:
    after a gallery of a million faces is loaded, half as much again as its embeddings.
    Arrow takes its memory from glibc too: see ``core/gallery/__init__.py``.

    References
    ----------
    mallopt(3)
    """
    mallopt = _c_function("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back_freed() -> None:
    """Return freed memory that is still kept to the system; takes milliseconds."""
    malloc_trim = _c_function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _c_function(name: str) -> Any:
    """Return a function of glibc, or None where there is none."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
