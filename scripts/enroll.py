"""Enrols the people of a folder: FOLDER/<Person Name>/*.jpg (also png, webp, heic).

    python scripts/enroll.py FOLDER [--collection default]

A photo is used when exactly one face is on it; every other one is reported
with the reason. Running it again changes nothing. Exit codes: 0 every photo
is enrolled, 1 some were not, 2 nothing could be done.
"""

import argparse
import hashlib
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tqdm import tqdm

from core.bootstrap import build_index, build_pool
from core.errors import FaceServiceError
from core.faces.embedding import ModelId
from core.jobs import DEFAULT_COLLECTION
from core.ports import EnrolledFace, FaceIndex, Recognizer
from core.settings import load_settings

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})
_FACE_IDS: Final = uuid.UUID("6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11")


@dataclass(frozen=True, kw_only=True)
class Unused:
    """A photo that was not enrolled, and why."""

    path: Path
    reason: str


def photos_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every person's name and photo, in order."""
    for person in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        for path in sorted(person.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                yield person.name, path


def enrolled_face(
    recognizer: Recognizer, collection_id: str, person: str, path: Path
) -> tuple[EnrolledFace, ModelId] | Unused:
    """Recognise one photo and return its only face, or why it has no use."""
    try:
        photo = path.read_bytes()
        recognition = recognizer.recognise(photo)
    except OSError as error:
        return Unused(path=path, reason=f"UNREADABLE: {error.strerror}")
    except FaceServiceError as error:
        return Unused(path=path, reason=f"{error.code}: {error}")
    if not recognition.faces:
        return Unused(path=path, reason="NO_FACE: no face was found")
    if len(recognition.faces) > 1:
        count = len(recognition.faces)
        return Unused(path=path, reason=f"SEVERAL_FACES: {count} faces, it must be one")
    image_id = hashlib.sha256(photo).hexdigest()
    face_id = str(uuid.uuid5(_FACE_IDS, f"{collection_id}/{image_id}/0"))
    embedding = recognition.faces[0].embedding
    return EnrolledFace(face_id=face_id, person=person, embedding=embedding), recognition.model


def enrol_folder(
    folder: Path, collection_id: str, *, recognizer: Recognizer, index: FaceIndex, threads: int
) -> list[Unused]:
    """Enrol the people of a folder; return the photos that could not be used."""
    photos = list(photos_of(folder))
    faces: list[EnrolledFace] = []
    unused: list[Unused] = []
    model: ModelId | None = None
    with ThreadPoolExecutor(max_workers=threads) as pool:
        answers = pool.map(lambda photo: enrolled_face(recognizer, collection_id, *photo), photos)
        for answer in tqdm(answers, total=len(photos), unit="photo"):
            if isinstance(answer, Unused):
                unused.append(answer)
            else:
                face, model = answer
                faces.append(face)
    changed = index.enrol(collection_id, faces, model=model) if model else 0
    people = len({face.person for face in faces})
    print(f"{len(faces)} photos of {people} people in {collection_id!r}, {changed} of them new")
    return unused


def main() -> int:
    """Enrol; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--collection", default=DEFAULT_COLLECTION)
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"{options.folder} is not a folder", file=sys.stderr)
        return 2
    try:
        settings = load_settings()
        pool = build_pool(settings)
        try:
            pool.start()
            unused = enrol_folder(
                options.folder,
                options.collection,
                recognizer=pool,
                index=build_index(settings),
                threads=settings.worker_process_count,
            )
        finally:
            pool.stop()
    except FaceServiceError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 2
    for photo in unused:
        print(f"not enrolled: {photo.path}: {photo.reason}", file=sys.stderr)
    return 1 if unused else 0


if __name__ == "__main__":
    sys.exit(main())
