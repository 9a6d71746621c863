"""Enrols the people of a folder: FOLDER/<Person Name>/*.jpg (also png, webp, heic).

    python scripts/enroll.py FOLDER [--collection default]

A photo is used when one face is on it, or one that is far larger than the
others; every other file is reported with the reason. Running it again changes
nothing. Exit codes: 0 every photo is enrolled, 1 some were not, 2 nothing could
be done.
"""

import argparse
import hashlib
import os
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tqdm import tqdm

from core.bootstrap import build_index, build_pool
from core.errors import FaceServiceError
from core.faces.results import ModelId
from core.jobs import DEFAULT_COLLECTION, NO_FACE, UNKNOWN
from core.ports import EnrolledFace, FaceIndex, Recognizer
from core.settings import load_settings

ROOT: Final = Path(__file__).parent.parent
BYSTANDER: Final = 4.0
"""A face this many times smaller than the largest is somebody in the background."""

BATCH: Final = 100
"""Photos after which what was found is stored, so that little is lost when it ends early."""

_FACE_IDS: Final = uuid.UUID("6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11")


@dataclass(frozen=True, kw_only=True)
class Unused:
    """A photo that was not enrolled, and why."""

    path: Path
    reason: str


def photos_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every person's name and photo, in order; hidden files are no photos."""
    for person in sorted(
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    ):
        for path in sorted(person.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                yield person.name, path


def is_name(person: str) -> bool:
    """Tell whether a folder's name can stand for a person in a result."""
    return person.isprintable() and person == person.strip() and person not in (UNKNOWN, NO_FACE)


def enrolled_face(
    recognizer: Recognizer, collection_id: str, person: str, path: Path
) -> tuple[EnrolledFace, ModelId] | Unused:
    """Recognise one photo and return its only face, or why it has no use."""
    if not is_name(person):
        return Unused(path=path, reason="INVALID_NAME: the folder's name can't be a person's")
    try:
        photo = path.read_bytes()
        recognition = recognizer.recognise(photo)
    except OSError as error:
        return Unused(path=path, reason=f"UNREADABLE: {error.strerror}")
    except FaceServiceError as error:
        return Unused(path=path, reason=f"{error.code}: {error}")
    if not recognition.faces:
        return Unused(path=path, reason="NO_FACE: no face was found")
    largest = recognition.faces[0]
    rivals = [face for face in recognition.faces if face.box.area * BYSTANDER > largest.box.area]
    if len(rivals) > 1:
        reason = f"SEVERAL_FACES: {len(rivals)} faces of about one size, it must be one"
        return Unused(path=path, reason=reason)
    image_id = hashlib.sha256(photo).hexdigest()
    face_id = str(uuid.uuid5(_FACE_IDS, f"{collection_id}/{image_id}/0"))
    face = EnrolledFace(face_id=face_id, person=person, embedding=largest.embedding)
    return face, recognition.model


@dataclass(kw_only=True)
class Enrolment:
    """One run over a folder, and what came of it."""

    collection_id: str
    recognizer: Recognizer
    index: FaceIndex
    owners: dict[str, str] = field(default_factory=dict)
    unused: list[Unused] = field(default_factory=list)
    changed: int = 0

    def enrol(self, photos: list[tuple[str, Path]], *, threads: int) -> None:
        """Recognise the photos, storing what was found from time to time."""
        found: list[EnrolledFace] = []
        with ThreadPoolExecutor(max_workers=threads) as pool:
            answers = pool.map(
                lambda photo: enrolled_face(self.recognizer, self.collection_id, *photo), photos
            )
            for (_, path), answer in zip(
                photos, tqdm(answers, total=len(photos), unit="photo"), strict=True
            ):
                if isinstance(answer, Unused):
                    self.unused.append(answer)
                    continue
                face, model = answer
                if self._is_owned(face, path):
                    found.append(face)
                if len(found) >= BATCH:
                    self._store(found, model)
                    found = []
            if found:
                self._store(found, model)

    def _store(self, faces: list[EnrolledFace], model: ModelId) -> None:
        self.changed += self.index.enrol(self.collection_id, faces, model=model)

    def _is_owned(self, face: EnrolledFace, path: Path) -> bool:
        """Refuse a photo that lies in two people's folders: it can't be of both."""
        owner = self.owners.setdefault(face.face_id, face.person)
        if owner == face.person:
            return True
        reason = f"SAME_PHOTO: also in the folder of {owner}, whose it stays"
        self.unused.append(Unused(path=path, reason=reason))
        return False


def main() -> int:
    """Enrol; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--collection", default=DEFAULT_COLLECTION)
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"{options.folder} is not a folder", file=sys.stderr)
        return 2
    folder = options.folder.resolve()
    photos = list(photos_of(folder))
    strays = [entry for entry in sorted(folder.iterdir()) if entry.is_file()]
    if not photos:
        print(f"{options.folder} has no photos in folders of people", file=sys.stderr)
        return 2
    os.chdir(ROOT)  # where .env is
    try:
        unused = enrol(photos, options.collection)
    except FaceServiceError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 2
    unused += [Unused(path=path, reason="NO_PERSON: not in a person's folder") for path in strays]
    for photo in unused:
        print(f"not enrolled: {photo.path}: {photo.reason}", file=sys.stderr)
    return 1 if unused else 0


def enrol(photos: list[tuple[str, Path]], collection_id: str) -> list[Unused]:
    """Enrol photos with the real parts; return those that could not be used."""
    settings = load_settings()
    pool = build_pool(settings)
    enrolment = Enrolment(collection_id=collection_id, recognizer=pool, index=build_index(settings))
    try:
        pool.start()
        enrolment.enrol(photos, threads=settings.worker_process_count)
    finally:
        pool.stop()
    people = len(set(enrolment.owners.values()))
    print(
        f"{len(enrolment.owners)} photos of {people} people in {collection_id!r}, "
        f"{enrolment.changed} of them new"
    )
    return enrolment.unused


if __name__ == "__main__":
    sys.exit(main())
