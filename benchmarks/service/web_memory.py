"""Measure the memory of a web process; write docs/benchmarks/web-memory.json.

Usage: make web-memory. One process with the default number of threads starts, then
all its threads receive the largest requests at once. Its children, which recognise,
are not counted: make child-memory measures them.
"""

import argparse
import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import psutil
import requests
from PIL import Image

from harness.report import machine, measured_at
from harness.stack import Stack

ROOT: Final = Path(__file__).parents[2]
TIMEOUT_S: Final = 300
PROCESSES: Final = 1


def main() -> None:
    """Measure one web process, at rest and with every thread busy."""
    out, on = _options().out, machine()
    with (
        TemporaryDirectory() as folder,
        Stack(Path(folder), workers=0, web_processes=PROCESSES) as stack,
    ):
        settings = stack.settings
        (process,) = psutil.Process(stack.web.pid).children()
        photo = _photo(int(settings.max_file_mb * 1024 * 1024))
        peaks = {"at_rest": _peak_bytes(process)}
        for stage, request in _stages(stack.address, photo).items():
            with ThreadPoolExecutor(settings.web_threads) as threads:
                codes = list(threads.map(lambda _, ask=request: ask(), range(settings.web_threads)))
            peaks[stage] = _peak_bytes(process)
            print(f"{stage}: {peaks[stage] / 1e6:.0f} MB, answers {sorted(set(codes))}")
        artifact = {
            "measured_at": measured_at(),
            "machine": on,
            "web_threads": settings.web_threads,
            "max_file_mb": settings.max_file_mb,
            "photo_bytes": len(photo),
            "peak_bytes": peaks,
        }
    out.write_text(json.dumps(artifact, indent=2) + "\n")


def _stages(address: str, photo: bytes) -> dict[str, Callable[[], int]]:
    """Return a request of each kind; each gives the status of its answer."""
    text = base64.b64encode(photo).decode()
    two_photos = json.dumps({"image": text, "other_image": text})

    def upload() -> int:
        return requests.post(
            address,
            files={"inputFile": ("photo.jpg", photo)},
            headers={"Prefer": "respond-async"},
            timeout=TIMEOUT_S,
        ).status_code

    def compare() -> int:
        return requests.post(
            f"{address}/faces/verify",
            data=two_photos,
            headers={"Content-Type": "application/json"},
            timeout=TIMEOUT_S,
        ).status_code

    return {"uploads": upload, "comparisons_in_base64": compare}


def _photo(max_bytes: int) -> bytes:
    """Return a JPEG of noise, filled up to a size with bytes behind its end."""
    noise = np.random.default_rng(7).integers(0, 256, (1200, 1600, 3), dtype=np.uint8)
    encoded = BytesIO()
    Image.fromarray(noise).save(encoded, "JPEG", quality=90)
    return encoded.getvalue().ljust(max_bytes, b"\0")


def _peak_bytes(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (peak_kb,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak_kb) * 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "benchmarks" / "web-memory.json"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
