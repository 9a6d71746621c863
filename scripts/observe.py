"""Start Prometheus on the running service, with its rules; ``make observe``.

    python -m scripts.observe [--port 9090]

It reads the ports of the settings and runs until Ctrl-C.
"""

import argparse
import fcntl
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from core.errors import InvalidSettings
from core.settings import Settings, load_settings
from scripts.preflight import is_taken

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "deploy/prometheus"
_FOLDER: Final = ROOT / "var/prometheus"


def written(settings: Settings, folder: Path) -> Path:
    """Write Prometheus' configuration with the ports of the settings; return its file."""
    port = settings.metrics_port or 0
    host = settings.metrics_address
    own = {
        "127.0.0.1:9464": f"{host}:{port}",
        "127.0.0.1:9465": f"{host}:{port + 1}",
        "rules.yml": str(SOURCE / "rules.yml"),
    }
    text = (SOURCE / "prometheus.yml").read_text()
    # In one pass: a port that was put in must not be taken for another one.
    text = re.sub("|".join(map(re.escape, own)), lambda found: own[found[0]], text)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "prometheus.yml"
    file.write_text(text)
    return file


def command(binary: str, file: Path, *, port: int) -> list[str]:
    """Return what starts Prometheus, on loopback only."""
    return [
        binary,
        f"--config.file={file}",
        f"--storage.tsdb.path={file.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]


def hold(folder: Path) -> bool:
    """Hold a folder for this program and what it becomes; tell whether nobody else did.

    Prometheus looks itself, but not that of Debian. Two would write into one another's files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return False
    return True


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{number} is not a port, 1 to 65535")
    return number


def main() -> None:
    """Become Prometheus, or say why not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=_port, default=9090)
    port = parser.parse_args().port
    try:
        settings = load_settings()
    except InvalidSettings as error:
        sys.exit(f"settings: {error}")
    missing = [name for name in ("prometheus.yml", "rules.yml") if not (SOURCE / name).is_file()]
    binary = shutil.which("prometheus")
    if settings.metrics_port is None:
        sys.exit("METRICS_PORT is not set: set it, and start the service again")
    if binary is None:
        sys.exit("Prometheus is not installed: apt-get install prometheus")
    if missing:  # Prometheus takes missing rules for none
        sys.exit(f"{SOURCE / missing[0]} is missing: get it back, as by git checkout")
    if is_taken("127.0.0.1", port):
        sys.exit(
            f"port {port} is in use by another program; Debian's package starts a Prometheus "
            "there: `systemctl disable --now prometheus`, or choose another port: "
            f'make observe OBSERVE="--port {port + 1}"'
        )
    if not hold(_FOLDER):
        sys.exit(f"a Prometheus runs on {_FOLDER} already: stop it first")
    file = written(settings, _FOLDER)
    # Debian's package has its alerts at another path than Prometheus' own: the start page has both.
    print(
        f"Prometheus: http://127.0.0.1:{port}, with a page of alerts (Ctrl-C stops it)", flush=True
    )
    os.execv(binary, command(binary, file, port=port))  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
