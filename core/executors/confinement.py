"""Takes from a child what it does not need to look at photos.

A library that decodes hostile bytes may one day be taken over by them. What is here makes
that worth less: a child has no keys, no network, no other programs, and bounded memory. It
still runs as the same user, and may read what that user may read: files, and what
other processes were started with.
"""

import ctypes
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_KEPT_VARIABLES: Final = frozenset({"HOME", "LANG", "PATH", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV"})
_KEPT_PREFIXES: Final = (
    *("CUDA_", "GOMP_", "KMP_", "LC_", "LD_", "MALLOC_", "MKL_", "NVIDIA_", "OMP_", "OPENBLAS_"),
    *("ORT_", "PYTHON", "RAY_"),
)
_MOST_FILES: Final = 256

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000

_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_BELOW_PATH: Final = 1
_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_CHANGE_FOLDERS: Final = 0b1_1111_1111 << 4
"""Remove and make, of files, folders and the rest."""
_TCP: Final = 0b11
_OUTSIDERS: Final = 0b11
"""Abstract Unix sockets of, and signals to processes that are not confined alike."""


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """What a child is left with.

    Parameters
    ----------
    writable : tuple of Path
        Folders besides the temporary one; they are made if they are missing.
    memory_bytes : int, optional
        Most memory of its own.
    """

    writable: tuple[Path, ...] = ()
    memory_bytes: int | None = None

    def apply(self) -> tuple[str, ...]:
        """Confine this process; return what the system did not allow.

        The process dies with its parent, runs no program, uses no network and writes
        to no other folders. Call it before there are threads: those that run already
        are confined less.
        """
        forget_environment()
        _limit(resource.RLIMIT_CORE, 0)  # it would hold faces
        _limit(resource.RLIMIT_NOFILE, _MOST_FILES)
        if self.memory_bytes is not None:
            _limit(resource.RLIMIT_DATA, self.memory_bytes)
        steps: dict[str, Callable[[], bool]] = {
            "network namespace": _leave_network,
            "parent's death": lambda: _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) == 0,
            "no new privileges": lambda: _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
            "landlock": lambda: _restrict_by_landlock(self.writable),
        }
        return tuple(name for name, step in steps.items() if not step())


def forget_environment() -> None:
    """Remove all variables but harmless ones, also from what ``/proc`` shows of this process."""
    get = _libc().getenv
    get.restype = ctypes.c_void_p
    environment = os.environ  # noqa: TID251 - it is not read, but emptied
    for name in list(environment):
        if name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES):
            continue
        value: int | None = get(os.fsencode(name))
        if value:  # unsetting it would leave it where the kernel put it
            ctypes.memset(value, 0, len(os.fsencode(environment[name])))
        del environment[name]


def allow_processor_seconds(seconds: float) -> None:
    """Let this process run so much longer, whatever becomes of who watches it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _leave_network() -> bool:
    """Move to a network without a way out."""
    user, group = os.getuid(), os.getgid()
    if user == 0:  # in a namespace of its own, root could no longer read other users' models
        return bool(_libc().unshare(_CLONE_NEWNET) == 0)
    if _libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    for file, content in (
        ("uid_map", f"{user} {user} 1"),
        ("setgroups", "deny"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with suppress(OSError):  # then the process belongs to nobody in there, which does no harm
            Path("/proc/self", file).write_text(content)
    return True


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _restrict_by_landlock(writable: Iterable[Path]) -> bool:
    """Return whether files, programs, TCP and other processes are out of reach.

    References
    ----------
    landlock(7); version 4 brought TCP, version 6 other processes.
    """
    if sys.platform != "linux":
        return False
    syscall = _libc().syscall
    version = syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return False
    wanted = _Ruleset(files=_EXECUTE | _WRITE_FILE | _CHANGE_FOLDERS)
    size = 8
    if version >= 4:
        wanted.network, size = _TCP, 16
    if version >= 6:
        wanted.scoped, size = _OUTSIDERS, 24
    rules = syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        for folder in (*writable, Path(tempfile.gettempdir())):
            with suppress(OSError):  # it could not be made any more later
                folder.mkdir(parents=True, exist_ok=True)
            _allow_writing(rules, folder, _WRITE_FILE | _CHANGE_FOLDERS)
        _allow_writing(rules, Path(os.devnull), _WRITE_FILE)
        return bool(syscall(_LANDLOCK_RESTRICT_SELF, rules, 0) == 0 and version >= 4)
    finally:
        os.close(rules)


def _allow_writing(rules: int, path: Path, allowed: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rule = _PathRule(allowed=allowed, folder=place)
    _libc().syscall(_LANDLOCK_ADD_RULE, rules, _BELOW_PATH, ctypes.byref(rule), 0)
    os.close(place)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)
