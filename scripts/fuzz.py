"""Fuzz the header's readers and the decoder, each in a process of its own.

Usage: make fuzz, or python scripts/fuzz.py [--seconds 600]. The time is for both together.
"""

import argparse
import importlib.util
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

_SCRIPT: Final = Path(__file__).with_name("fuzz_decoder.py")
_TARGETS: Final = ("header", "decoder")
_SPARE_S: Final = 120
"""For the start, and for the seeds, which are looked at whatever the time."""


def main() -> None:
    """Fuzz one after the other; end with 1 if there was a finding."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0, help="0 for another one each time")
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: there is no wheel for this system; nothing was fuzzed")
        return
    seconds = options.seconds // len(_TARGETS)
    failed = [name for name in _TARGETS if not _fuzz(name, seconds, options.seed)]
    if failed:
        print(f"FAIL: {', '.join(failed)}; the files are in var/fuzz/*/findings")
    sys.exit(bool(failed))


def _fuzz(target: str, seconds: int, seed: int) -> bool:
    """Return whether nothing was found."""
    process = subprocess.Popen(
        [sys.executable, str(_SCRIPT), target, "--seconds", str(seconds), "--seed", str(seed)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    most_s = seconds + _SPARE_S
    resource.prlimit(process.pid, resource.RLIMIT_CPU, (most_s, most_s))
    try:
        _, said = process.communicate(timeout=4 * most_s)
    except subprocess.TimeoutExpired:
        process.kill()
        _, said = process.communicate()
    lines = said.splitlines()
    good = process.returncode == 0
    print(f"{target}: exit status {process.returncode}")
    print("\n".join(line for line in lines if line.startswith("stat::")) if good else said[-4000:])
    return good


if __name__ == "__main__":
    main()
