"""A folder for temporary files that is soon full, for one process and its children.

The process gets a mount of its own, which needs user namespaces but no root.
"""

import errno
import subprocess
from pathlib import Path
from typing import Final

_TMP: Final = "/tmp"  # noqa: S108 - what the process sees there is its own
_FILLER: Final = "filler"

PREFIX: Final = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    f'mount -t tmpfs -o size=1m none {_TMP} && exec "$@"',
    "sh",
)
"""What stands before the command of such a process."""


def is_possible() -> bool:
    """Tell whether this machine lets a process have a mount of its own."""
    return subprocess.run([*PREFIX, "true"], check=False, capture_output=True).returncode == 0


def fill(pid: int) -> None:
    """Leave no space for that process's temporary files."""
    with (_folder(pid) / _FILLER).open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def empty(pid: int) -> None:
    """Give the space back."""
    (_folder(pid) / _FILLER).unlink(missing_ok=True)


def _folder(pid: int) -> Path:
    return Path(f"/proc/{pid}/root{_TMP}")
