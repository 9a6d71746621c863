"""How the C library keeps the memory that loading a gallery used."""

import ctypes
import functools
import sys
from typing import Any, Final

import pyarrow as pa

_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""glibc's own threshold, until large blocks are freed: then it raises it."""


@functools.cache
def give_back_large_blocks() -> None:
    """Let large blocks of memory go back to the system when they are freed.

    Else glibc keeps the buffers that LanceDB reads a gallery through: for a
    million faces half as much again as the embeddings.

    References
    ----------
    mallopt(3)
    """
    mallopt = _c_function("mallopt")
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back_the_rest() -> None:
    """Return to the system what is still kept of memory that was freed; takes milliseconds."""
    pa.default_memory_pool().release_unused()
    malloc_trim = _c_function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _c_function(name: str) -> Any:
    """Return a function of glibc, or None where there is none."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
