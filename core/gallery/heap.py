"""How much freed memory a process keeps that reads and writes galleries."""

import ctypes
import functools
import sys
from typing import Any, Final

_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""glibc's own threshold, until large blocks are freed: then it raises it."""

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


@functools.cache
def keep_heap_small() -> None:
    """Keep little of what is freed, from now on: threads that run already have their arenas.

    Each of LanceDB's threads would get an arena of its own, up to eight a core, and
    what is freed in one serves nobody else. And large blocks would be kept: after a
    gallery of a million faces was loaded, half as much again as its embeddings.
    Arrow takes its memory from glibc, too: see ``core/gallery/__init__.py``.

    References
    ----------
    mallopt(3)
    """
    mallopt = _c_function("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back_freed() -> None:
    """Return to the system what is still kept of memory that was freed; takes milliseconds."""
    malloc_trim = _c_function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _c_function(name: str) -> Any:
    """Return a function of glibc, or None where there is none."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
