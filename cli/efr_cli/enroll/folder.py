"""Enrols the people of a folder, FOLDER/<Person Name>/<photo>, in a collection."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from tqdm import tqdm

from core.collections.enrolment.face_choice import BACKGROUND_FACE_RATIO
from core.collections.enrolment.face_ids import face_id
from core.collections.enrolment.face_writer import FaceWriter
from core.errors import FaceServiceError
from core.faces.results import Face, Model, Needed
from core.jobs.index_job import PersonName
from core.jobs.recognition_job import DetectedFace, poorness
from core.ports import EnrolledFace, Recognizer

BATCH: Final = 100
"""Photos after which the faces are stored, so that little is lost when the run ends early."""

_PERSON: Final[TypeAdapter[str]] = TypeAdapter(PersonName)


@dataclass(frozen=True, kw_only=True)
class Unused:
    """A photo that was not enrolled, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """What came of a folder: photos that are enrolled, of so many people, and others."""

    photos: int
    persons: int
    changed: int
    unused: list[Unused]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which faces may be enrolled.

    Parameters
    ----------
    largest : bool
        Take the largest of several large faces; otherwise a photo may have only one.
    min_quality : float
        Least quality, 0–100.
    """

    largest: bool = False
    min_quality: float = 0.0

    def refusal(self, faces: Sequence[Face]) -> str | None:
        """Say why none of a photo's faces is enrolled; None if the largest one is."""
        if not faces:
            return "NO_FACE: no face was found"
        rivals = [
            face for face in faces if face.box.area * BACKGROUND_FACE_RATIO > faces[0].box.area
        ]
        if len(rivals) > 1 and not self.largest:
            return f"SEVERAL_FACES: {len(rivals)} faces of about one size, it must be one"
        if faces[0].quality < self.min_quality:
            said = poorness(DetectedFace.of(faces[0]))
            return f"LOW_QUALITY: {said}, it must be {self.min_quality:g} or more"
        return None


@dataclass(frozen=True, kw_only=True)
class Found:
    """The face of a person on a photo of them."""

    path: Path
    person: str
    face: EnrolledFace
    crop: bytes | None
    model: Model


def photos_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every photo with its folder's name, in order; hidden files are no photos."""
    for person in sorted(
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    ):
        for path in sorted(person.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                yield person.name, path


def name_of(folder: str) -> str | None:
    """Return the person that a folder is named for; None if it can't be a person's name."""
    try:
        return _PERSON.validate_python(folder)
    except ValidationError:
        return None


def find_face(
    recognizer: Recognizer, collection_id: str, folder: str, path: Path, *, wanted: Wanted
) -> Found | Unused:
    """Recognise one photo; return its face, or why it can't be used."""
    person = name_of(folder)
    if person is None:
        return Unused(path=path, reason="INVALID_NAME: the folder's name can't be a person's")
    try:
        photo = path.read_bytes()
        recognition = recognizer.recognise(photo, Needed(embedded=1, crops=True))
    except OSError as error:
        return Unused(path=path, reason=f"UNREADABLE: {error.strerror}")
    except FaceServiceError as error:
        return Unused(path=path, reason=f"{error.code}: {error}")
    refusal = wanted.refusal(recognition.faces)
    if refusal is not None:
        return Unused(path=path, reason=refusal)
    image_id = hashlib.sha256(photo).hexdigest()
    face = EnrolledFace(
        face_id=face_id(collection_id, image_id, 0),
        person=person,
        image_id=image_id,
        embedding=recognition.faces[0].embedding,
        box=recognition.faces[0].box,
        quality=recognition.faces[0].quality,
    )
    crop = recognition.faces[0].crop
    return Found(path=path, person=person, face=face, crop=crop, model=recognition.model)


@dataclass(kw_only=True)
class FolderEnrolment:
    """One run over a folder, and its results."""

    collection_id: str
    writer: FaceWriter
    recognizer: Recognizer
    began_at: datetime
    """By S3's clock; people who are erased later stay erased."""
    wanted: Wanted = Wanted()
    owners: dict[str, str] = field(default_factory=dict)
    """Persons by the ids of their faces."""
    unused: list[Unused] = field(default_factory=list)
    changed: int = 0

    def enrol(self, photos: list[tuple[str, Path]], *, threads: int) -> None:
        """Recognise the photos, storing what was found from time to time."""
        waiting: list[Found] = []
        executor = ThreadPoolExecutor(max_workers=threads)
        try:
            answers = executor.map(
                lambda photo: find_face(
                    self.recognizer, self.collection_id, *photo, wanted=self.wanted
                ),
                photos,
            )
            for answer in tqdm(answers, total=len(photos), unit="photo", disable=None):
                if isinstance(answer, Unused):
                    self.unused.append(answer)
                elif self._is_new(answer):
                    waiting.append(answer)
                if len(waiting) >= BATCH:
                    self._store(waiting)
                    waiting = []
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        if waiting:
            self._store(waiting)

    def _is_new(self, found: Found) -> bool:
        """Skip a second copy of a photo; refuse one in another person's folder."""
        owner = self.owners.get(found.face.face_id)
        if owner is None:
            self.owners[found.face.face_id] = found.person
            return True
        if owner == found.person:
            return False
        reason = f"SAME_PHOTO: also in the folder of {owner}, whose it stays"
        self.unused.append(Unused(path=found.path, reason=reason))
        return False

    def _store(self, batch: list[Found]) -> None:
        faces = [found.face for found in batch]
        added = self.writer.add(
            self.collection_id,
            faces,
            model=batch[0].model,
            accepted_at=self.began_at,
            crops={found.face.face_id: found.crop for found in batch if found.crop is not None},
        )
        self.changed += added.changed
        stored = {face.face_id: face for face in added.faces}
        for found in batch:
            face = stored.get(found.face.face_id)
            if face is None:
                reason = f"ERASED: {found.person} was erased meanwhile"
                self.unused.append(Unused(path=found.path, reason=reason))
                self.owners.pop(found.face.face_id, None)
            elif face.person is None:
                reason = f"PERSON_REJECTED: it was said before that this is not {found.person}"
                self.unused.append(Unused(path=found.path, reason=reason))
                self.owners.pop(face.face_id, None)
