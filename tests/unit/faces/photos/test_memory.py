"""What a process keeps of the memory that photos took."""

import subprocess
import sys

import pytest

_BLOCKS = 12
_BLOCK_MB = 6
_HOLES_LEFT = f"""
from core.faces.photos.memory import _resident_bytes, give_large_blocks_back
give_large_blocks_back()
del_at_once = b"x" * 30_000_000
del del_at_once  # from here on, glibc would keep blocks of up to this size
before = _resident_bytes()
blocks, small = [], []
for _ in range({_BLOCKS}):
    blocks.append(b"x" * {_BLOCK_MB}_000_000)
    small.append(b"x" * 100_000)
del blocks
print(_resident_bytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="an option of glibc")
def test_large_blocks_go_back_though_small_ones_lie_between_them() -> None:
    python = subprocess.run(
        [sys.executable, "-c", _HOLES_LEFT], capture_output=True, check=True, text=True
    )

    assert int(python.stdout) < _BLOCKS * _BLOCK_MB * 1_000_000 / 4
