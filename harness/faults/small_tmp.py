"""A folder for temporary files that is soon full, for one process and its children.

The process gets a mount of its own, which needs user namespaces but no root.
"""

import errno
import subprocess
import tempfile
from pathlib import Path
from typing import Final

_FILLER: Final = "filler"
_MOUNT: Final = 'mount -t tmpfs -o size=1m none "$0" && export TMPDIR="$0" && exec "$@"'


def prefix(folder: Path) -> list[str]:
    """Return what stands before the command of a process that has that folder for itself."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    return [*unshare, _MOUNT, str(folder)]


def is_possible() -> bool:
    """Tell whether this machine lets a process have a mount of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*prefix(Path(folder)), "true"]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


def fill(pid: int, folder: Path) -> None:
    """Leave no space for that process's temporary files."""
    with (_seen_by(pid, folder) / _FILLER).open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def empty(pid: int, folder: Path) -> None:
    """Give the space back."""
    (_seen_by(pid, folder) / _FILLER).unlink(missing_ok=True)


def _seen_by(pid: int, folder: Path) -> Path:
    return Path(f"/proc/{pid}/root") / folder.relative_to("/")
