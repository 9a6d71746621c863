"""The folder of the service's home: what it must be like, and what is made there."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import DataTooNew, HomeUnusable, QueueUnavailable, StorageUnavailable
from core.home.bucket import make_bucket
from core.home.folders import keep_entries, keep_place, locked, make_folder
from core.home.queue_file import QueueFile
from core.settings.queue_plans import QueuePlan

_FORMAT: Final = "1\n"
_FORMAT_FILE: Final = "format"
_MOUNTS: Final = Path("/proc/self/mountinfo")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PATIENCE_S: Final = 600.0
_OF_NETWORKS: Final = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs",
        "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
        "nfs4", "smb3", "smbfs",
    }
)  # fmt: skip
"""Kinds of file systems that several machines can share: locks and memory maps don't reach far."""


def make_home(folder: Path, buckets: Sequence[str], *, tables: Path) -> None:
    """Make the folder with its buckets, and one in it for LanceDB's tables, unless they are there.

    LanceDB would make it, but not bring its name to the disk.

    Raises
    ------
    HomeUnusable
        If it can't be written, or is on another machine.
    DataTooNew
        If a newer version made it.
    """
    check_place("STORAGE", folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_format(folder / _FORMAT_FILE)
        for name in buckets:
            make_bucket(folder / name)
        make_folder(tables, below=folder)
        keep_entries(tables, below=folder)
        keep_place(folder)
    except OSError as error:
        raise HomeUnusable(f"STORAGE: {folder} can't be used: {error}") from error
    for place in (folder, *(folder / name for name in buckets)):
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise HomeUnusable(f"STORAGE: {place} can't be written by this user")


def make_queues(file: QueueFile, plans: Sequence[QueuePlan]) -> None:
    """Make the file with these queues, or bring those that are there to the plans.

    Raises
    ------
    HomeUnusable
        If it can't be written, or is on another machine.
    QueueUnavailable
        If it is damaged, or locked for long.
    """
    check_place("QUEUE", file.path)
    try:
        file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(file.path.with_name(f"{file.path.name}.lock")):
            file.make()
        keep_place(file.path.parent)
    except (OSError, QueueUnavailable, StorageUnavailable) as error:
        raise HomeUnusable(f"QUEUE: {file.path} can't be used: {error}") from error
    with file.writing(durable=True) as connection:
        for plan in plans:
            connection.execute(
                "INSERT INTO queues (name, retention_s, visibility_s, most_receives, dead_letters)"
                " VALUES (:name, :retention_s, :visibility_s, :max_receive_count,"
                " (SELECT id FROM queues WHERE name = :dead_letters))"
                " ON CONFLICT (name) DO UPDATE SET retention_s = excluded.retention_s,"
                " visibility_s = excluded.visibility_s, most_receives = excluded.most_receives,"
                " dead_letters = excluded.dead_letters",
                vars(plan) | {"visibility_s": plan.visibility_s or _VISIBILITY_S},
            )


_VISIBILITY_S: Final = 30
"""Of queues without a plan for it, as that of SQS."""


def once_per_boot(folder: Path, action: Callable[[], None], *, boot: Path = _BOOT) -> None:
    """Run an action if this is the first process since the machine has started.

    Others that start meanwhile wait until it is done.
    """
    note, now = folder / "boot", boot.read_text() if boot.exists() else ""
    with locked(folder / "boot.lock", patience_s=_PATIENCE_S):
        if note.exists() and now and note.read_text() == now:
            return
        action()
        note.touch(mode=0o600)
        note.write_text(now)


def check_place(setting: str, place: Path, *, mounts: Path = _MOUNTS) -> None:
    """Raise ``HomeUnusable`` if a path is on a file system that other machines may share."""
    kind = _file_system(place, mounts)
    if kind in _OF_NETWORKS:
        raise HomeUnusable(
            f"{setting}: {place} is on a network file system ({kind}). This home is for the "
            "processes of one machine: choose a folder on its own disk, or AWS for several machines"
        )


def _file_system(place: Path, mounts: Path) -> str:
    """Return the kind of the file system that a path is on, or would be; nothing if unknown."""
    real = place.resolve()
    found: tuple[int, str] = (-1, "")
    with suppress(OSError):
        for line in mounts.read_text(errors="replace").splitlines():
            before, _, after = line.partition(" - ")
            fields, kinds = before.split(), after.split()
            if len(fields) < 5 or not kinds:
                continue
            mounted = Path(fields[4].replace("\\040", " "))
            # The last of those mounted over one another is the one that is seen.
            if real.is_relative_to(mounted) and len(mounted.parts) >= found[0]:
                found = (len(mounted.parts), kinds[0])
    return found[1]


def _check_format(file: Path) -> None:
    try:
        there = file.read_text()
    except FileNotFoundError:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(handle, "w") as written:  # noqa: PTH123 - it is open already
            written.write(_FORMAT)
            written.flush()
            os.fsync(handle)
        return
    if there not in (_FORMAT, ""):
        raise DataTooNew(
            f"STORAGE: a newer version of this service stored what is in {file.parent}"
        )
