"""Names the person on one photo as a script around face_recognition does, then ends.

    PYTHON bench_seed.py PHOTO ENCODINGS_NPY

with the interpreter of the benches' environment. Run with a folder of photos instead of
the first argument it writes their encodings, which the script of one photo reads.
"""

import argparse
from pathlib import Path

import face_recognition
import numpy as np


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("known", type=Path)
    options = parser.parse_args()
    place, known = options.place, options.known
    if place.is_dir():
        photos = sorted(path for path in place.rglob("*") if path.is_file())
        np.save(known, [_encodings(photo)[0] for photo in photos])
        return
    for encoding in _encodings(place):
        print(face_recognition.face_distance(np.load(known), encoding).argmin())


def _encodings(photo: Path) -> "list[np.ndarray]":
    found: list[np.ndarray] = face_recognition.face_encodings(
        face_recognition.load_image_file(photo)
    )
    return found


if __name__ == "__main__":
    main()
