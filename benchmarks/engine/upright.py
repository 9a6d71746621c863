"""Compare the processor time per upright photo with another checkout's; write the artifact.

    make bench-upright BASE=CHECKOUT

CHECKOUT is a worktree of an earlier commit; both sides use the packages of this environment
and the same models. Each side is a process of its own on one core. The two take turns, a block
of photos each, so that a busy moment hits both, and so that each works as warm as a child does.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from benchmarks.common.contender_processes import EXAMPLES
from benchmarks.common.line_process import LineProcess

_ROOT: Final = Path(__file__).resolve().parents[2]
_WORKER: Final = Path(__file__).with_name("upright_worker.py")
_BLOCK: Final = 16
_SEED: Final = 3
_SIDES: Final = ("base", "here")

Times = dict[Path, list[float]]
"""Milliseconds of processor time of each photo, by round."""


class Side:
    """A checkout's engine in a process of its own."""

    def __init__(self, root: Path, profile: str, options: argparse.Namespace) -> None:
        models_dir = options.models_dir.resolve()
        self._process = LineProcess(
            [sys.executable, str(_WORKER), profile, str(models_dir), str(options.core)],
            root.resolve(),
        )
        self.times: Times = {}
        self.boxes: dict[Path, Any] = {}

    def recognise(self, photo: Path) -> None:
        """Note what a photo took."""
        answer = self._process.ask(photo.resolve())
        self.times.setdefault(photo, []).append(answer["cpu_ms"])
        self.boxes[photo] = answer["boxes"]

    def stop(self) -> None:
        self._process.stop()


def main() -> None:
    """Compare every profile on every set of photos."""
    options = _options()
    artifact = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "base_commit": _commit(options.base),
        "cores": os.cpu_count(),
        "rounds": options.rounds,
        "profiles": {
            profile: {name: compare(profile, photos, options) for name, photos in _sets(options)}
            for profile in options.profile
        },
        "load": round(os.getloadavg()[0], 1),
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="checkout to compare with")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models-dir", type=Path, required=True, help="with YuNet")
    parser.add_argument("--profile", action="append", help="instead of balanced and fast")
    parser.add_argument("--photos", type=int, default=64, help="of LFW")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/upright.json"))
    options = parser.parse_args()
    options.profile = options.profile or ["balanced", "fast"]
    return options


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _sets(options: argparse.Namespace) -> list[tuple[str, list[Path]]]:
    lfw = sorted((options.data / "lfw-view1" / "images").rglob("*.jpg"))
    examples = sorted(
        file
        for file in (options.data / EXAMPLES).rglob("*")
        if file.suffix.lower() in (".jpg", ".jpeg", ".png")
    )
    return [
        ("LFW", random.Random(_SEED).sample(lfw, options.photos)),  # noqa: S311 - a sample
        ("examples", examples),
    ]


def compare(profile: str, photos: list[Path], options: argparse.Namespace) -> dict[str, Any]:
    """Return what both sides took for the photos, and on how many they found the same boxes."""
    sides = [Side(root, profile, options) for root in (options.base, _ROOT)]
    blocks = [photos[start : start + _BLOCK] for start in range(0, len(photos), _BLOCK)]
    for number in tqdm(range(options.rounds), desc=profile):
        for block in blocks:
            for side in sides[:: 1 if number % 2 else -1]:  # neither is always the first
                for photo in block:
                    side.recognise(photo)
    for side in sides:
        side.stop()
    return summary(*(side.times for side in sides)) | {
        "same_boxes": sum(sides[0].boxes[photo] == sides[1].boxes[photo] for photo in photos)
    }


def summary(base: Times, here: Times) -> dict[str, Any]:
    """Return sums of each photo's median, and their ratio; the first round is for warmth."""
    medians = [
        (statistics.median(base[photo][1:]), statistics.median(here[photo][1:])) for photo in base
    ]
    base_ms, here_ms = (sum(column) for column in zip(*medians, strict=True))
    return {
        "photos": len(medians),
        "base_ms_per_photo": round(base_ms / len(medians), 2),
        "ms_per_photo": round(here_ms / len(medians), 2),
        "ratio": round(here_ms / base_ms, 3),
        "median_ratio": round(statistics.median(new / old for old, new in medians), 3),
    }


if __name__ == "__main__":
    main()
