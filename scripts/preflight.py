"""Names in one go all that keeps the service from being installed and started here.

    python3 scripts/preflight.py [start|up|install]

Nothing is installed yet when it runs, so it needs Python alone. ``start`` and ``up`` look at
the ports, too; ``install`` makes room for the developers' tools. Exit codes: 0 nothing is
missing, 1 something is: each is named, with what to do.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parent.parent
SUPERVISOR: Final = ROOT / "var" / "run" / "supervisor.sock"
OLDEST: Final = (3, 11)
NEWEST: Final = (3, 13)
LOOPBACK: Final = "127.0.0.1"
_MB: Final = 1_000_000
_INSTALLED_MB: Final = {"start": 850, "up": 1100, "install": 2600, "": 850}
"""What the checkout grows by, with the first data."""
_DOWNLOADED_MB: Final = 400
"""What pip unpacks from, in the folder for temporary files."""


def missing_of_python(version: tuple[int, ...] = sys.version_info[:2]) -> Iterator[str]:
    """Name what this Python lacks for a virtual environment with our packages."""
    if not OLDEST <= version <= NEWEST:
        yield (
            f"this is Python {version[0]}.{version[1]}, and 3.11, 3.12 or 3.13 is needed: "
            "install one and name it, as in 'make PYTHON=python3.12 ...'"
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            yield (
                f"Python's module {module} is missing: on Debian and Ubuntu install the package "
                f"python{version[0]}.{version[1]}-venv"
            )


def missing_of_machine() -> Iterator[str]:
    """Name what the operating system lacks."""
    if not sys.platform.startswith("linux"):
        yield f"this is {platform.system()}, and Linux is needed"
    elif shutil.which("setpriv") is None:
        yield "the program setpriv is missing: install the package util-linux"
    if platform.machine() not in ("x86_64", "aarch64"):
        yield f"there are no packages for {platform.machine()}, only for x86_64 and aarch64"


def missing_space(megabytes: Mapping[Path, int]) -> Iterator[str]:
    """Name the folders that can't be written to, or whose disks have no room for that much."""
    needed: dict[int, tuple[Path, int]] = {}
    for folder, size in megabytes.items():
        there = _nearest(folder)
        if not os.access(there, os.W_OK | os.X_OK):
            yield f"{there} can't be written to: change its owner, or use another folder"
        first, sum_mb = needed.get(there.stat().st_dev, (folder, 0))
        needed[there.stat().st_dev] = (first, sum_mb + size)
    for folder, size in needed.values():
        free_mb = shutil.disk_usage(_nearest(folder)).free // _MB
        if free_mb < size:
            yield f"the disk of {folder} has {free_mb} MB free, and {size} MB are needed"


def _nearest(folder: Path) -> Path:
    """Return the folder itself, or the nearest one above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def is_taken(host: str, port: int) -> bool:
    """Tell whether another program listens there, or this user may not."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def taken_port(program: str, host: str, port: int) -> Iterator[str]:
    """Say so if a program of ours can't listen there."""
    if is_taken(host, port):
        variable = {"web": "WEB_PORT", "localstack": "AWS_ENDPOINT_URL"}[program]
        yield (
            f"port {port} is in use by another program, {program} can't have it: "
            f"stop that program or change {variable} in .env"
        )


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:  # noqa: TID251 - no setting
    """Return the folder of this user's data that the XDG specification names."""
    data = environment.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "efr"


def settings_of(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables, and those of .env behind them, without quotes and without sense."""
    file = next((f for f in (folder / ".env", folder / ".env.example") if f.is_file()), None)
    lines = file.read_text().splitlines() if file else []
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs} | dict(environment)


def problems(purpose: str, settings: Mapping[str, str], *, runs: bool) -> Iterator[str]:
    """Name all that is missing or taken; ports only while the service does not run."""
    is_installed = (ROOT / ".venv" / "started").exists()
    if not is_installed or purpose == "install":
        yield from missing_of_python()
        yield from missing_of_machine()
    room = {
        ROOT: _INSTALLED_MB[purpose] - (_INSTALLED_MB["start"] if is_installed else 0),
        Path(tempfile.gettempdir()): _DOWNLOADED_MB,
    }
    if purpose == "start":
        home = settings.get("STORAGE", "").removeprefix("file://")
        room[Path(home) if home.startswith("/") else default_folder(settings)] = 100
    yield from missing_space(room)
    if runs or purpose not in ("start", "up"):
        return
    web_port = settings.get("WEB_PORT") or "8000"
    if web_port.isdigit():
        yield from taken_port("web", settings.get("WEB_HOST") or LOOPBACK, int(web_port))
    has_others = settings.get("AWS_ENDPOINT_URL_S3") and settings.get("AWS_ENDPOINT_URL_SQS")
    endpoint = urlsplit(settings.get("AWS_ENDPOINT_URL", ""))
    if purpose == "up" and not has_others and endpoint.hostname in ("localhost", LOOPBACK):
        yield from taken_port("localstack", LOOPBACK, endpoint.port or 80)


def is_running(path: Path = SUPERVISOR) -> bool:
    """Tell whether this checkout's service runs."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(os.path.relpath(path))  # a socket's path may have 107 characters
        except OSError:
            return False
    return True


def main() -> int:
    """Print what is missing; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("purpose", nargs="?", default="", choices=["", "start", "up", "install"])
    purpose = parser.parse_args().purpose
    settings = settings_of(ROOT, os.environ)  # noqa: TID251 - nothing else is installed
    found = list(problems(purpose, settings, runs=is_running()))
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
