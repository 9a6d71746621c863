"""Makes a virtual environment with the pip that requirements/build.txt pins.

    python3 scripts/make_venv.py FOLDER

Python's own way installs an older pip first, which takes longer than all of this, and that pip
takes twice the processor time for our packages. Exit codes: 0 made, else pip's.
"""

import argparse
import ensurepip
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Final

BUILD: Final = Path(__file__).resolve().parent.parent / "requirements" / "build.txt"


def bundled_pip() -> Path | None:
    """Return the wheel of pip that comes with Python, None if it is kept elsewhere."""
    folders = [Path(ensurepip.__file__).parent / "_bundled"]
    if packaged := sysconfig.get_config_var("WHEEL_PKG_DIR"):
        folders.insert(0, Path(packaged))
    return next((wheel for folder in folders for wheel in folder.glob("pip-*.whl")), None)


def main() -> int:
    """Make the environment; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    wheel = bundled_pip()
    venv.create(folder, with_pip=wheel is None, symlinks=True)
    command = [
        *(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"),
        *("--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes"),
        *("--requirement", str(BUILD)),
    ]
    environment = dict(os.environ)  # noqa: TID251 - handed on, not read
    if wheel is not None:
        environment["PYTHONPATH"] = str(wheel)
    return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
