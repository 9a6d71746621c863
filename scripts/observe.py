"""Start Prometheus on the running service, with its rules; ``make observe``.

    python -m scripts.observe [--port 9090]

It reads the ports of the settings and runs until Ctrl-C.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from core.settings import Settings, load_settings
from scripts.preflight import is_taken

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "deploy/prometheus"
_FOLDER: Final = ROOT / "var/prometheus"


def written(settings: Settings, folder: Path) -> Path:
    """Write Prometheus' configuration with the ports of the settings; return its file."""
    port = settings.metrics_port or 0
    own = {"9464": str(port), "9465": str(port + 1), "rules.yml": str(SOURCE / "rules.yml")}
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


def main() -> None:
    """Become Prometheus, or say why not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=9090)
    port = parser.parse_args().port
    settings = load_settings()
    binary = shutil.which("prometheus")
    if settings.metrics_port is None:
        sys.exit("METRICS_PORT is not set: set it, and start the service again")
    if binary is None:
        sys.exit("Prometheus is not installed: apt-get install prometheus")
    if is_taken("127.0.0.1", port):
        sys.exit(
            f"port {port} is in use by another program; Debian's package starts a Prometheus "
            "there: `systemctl disable --now prometheus`, or choose another port: "
            f'make observe OBSERVE="--port {port + 1}"'
        )
    file = written(settings, _FOLDER)
    # Debian's package has its alerts at another path than Prometheus' own: the start page has both.
    print(
        f"Prometheus: http://127.0.0.1:{port}, with a page of alerts (Ctrl-C stops it)", flush=True
    )
    os.execv(binary, command(binary, file, port=port))  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
