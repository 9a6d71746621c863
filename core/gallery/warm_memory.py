"""How the C library keeps the memory that loading a gallery used."""

import ctypes
import functools
import sys
from typing import Final

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
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
