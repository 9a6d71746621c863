"""How much freed memory a process keeps, asked of glibc in a process of its own."""

import subprocess
import sys

import pytest

_COUNT_ARENAS = """
import ctypes, threading
from core.gallery.heap import keep_heap_small
{first}
together = threading.Barrier(16)
def allocate():
    block = bytearray(4096)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")


def arenas(first: str) -> int:
    command = [sys.executable, "-c", _COUNT_ARENAS.format(first=first)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.count("<heap")


def test_threads_share_two_arenas_instead_of_having_one_each() -> None:
    assert arenas("keep_heap_small()") <= 2 < arenas("")


def test_arrow_takes_its_memory_from_glibc() -> None:
    code = "import core.gallery, pyarrow; print(pyarrow.default_memory_pool().backend_name)"

    finished = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    assert finished.stdout == "system\n"
