"""What a process keeps of the memory that photos took."""

import subprocess
import sys

import pytest

_BLOCKS = 12
_BLOCK_MB = 15
_HOLES_LEFT = f"""
from core.faces.photos.memory import resident_bytes, give_large_blocks_back
give_large_blocks_back()
del_at_once = b"x" * 30_000_000
del del_at_once  # from here on, glibc would keep blocks of up to this size
before = resident_bytes()
blocks, small = [], []
for _ in range({_BLOCKS}):
    blocks.append(b"x" * {_BLOCK_MB}_000_000)
    small.append(b"x" * 100_000)
del blocks
print(resident_bytes() - before)
"""
_BEYOND_THE_BOUND = """
from core.faces.photos.memory import resident_bytes, release_freed_memory
small = [b"x" * 100_000 for _ in range(2_500)]
del small[::2]
before = resident_bytes()
release_freed_memory()
print(before - resident_bytes())
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions of glibc")


def _printed(script: str) -> int:
    command = [sys.executable, "-c", script]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def test_large_blocks_go_back_though_small_ones_lie_between_them() -> None:
    assert _printed(_HOLES_LEFT) < _BLOCKS * _BLOCK_MB * 1_000_000 / 4


def test_process_beyond_200_mb_returns_what_is_free() -> None:
    assert _printed(_BEYOND_THE_BOUND) > 50_000_000
