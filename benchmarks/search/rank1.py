"""Enrol one photo of each person of LFW's development view, search the others; write the artifact.

Usage: python -m benchmarks.search.rank1 --models-dir DIR

Everybody with two photos or more is enrolled with the first one that the service does
not refuse, by its own parts: `Enroller`, LanceDB in a folder, `FaceIdentifier`. The other
photos are searched, and those of all strangers. As in the service, a photo's largest
face counts, which is not always the one that the photo is named for.
"""

import json
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.lfw import off_centre, person_of, trial_options
from benchmarks.search.rank1_photos import DLIB, OURS, Recognitions, engines, recognitions
from benchmarks.search.rank1_rates import Answer, compare_all, rates, split
from core.access.name_hashes import NameHashes
from core.collections.crops import Crops
from core.collections.enrolment.enroller import Enroller
from core.collections.enrolment.face_writer import FaceWriter
from core.collections.identification import FaceIdentifier
from core.collections.likeness import LikenessOfFaces
from core.collections.registry import Collections
from core.errors import Erased
from core.faces.results import Recognition
from core.gallery.lance.index import LanceFaceIndex
from core.jobs.index_job import IndexJob
from core.settings import DEFAULT_MAX_DISTANCE
from core.testing import MemoryStore

_COLLECTION: Final = "lfw"
_AT_ONCE: Final = 100
USUAL_DISTANCE: Final = 0.6
"""face_recognition's tolerance, for dlib's embeddings."""


def main() -> None:
    """Measure and write."""
    parser = trial_options(__doc__, out="docs/benchmarks/rank1.json")
    parser.add_argument("--cache", type=Path, default=Path("var/cache"))
    parser.add_argument("--people", type=int, help="only the first so many: for a trial")
    options = parser.parse_args()
    files = sorted((options.photos / "images").rglob("*.jpg"))
    if not files:
        sys.exit(f"{options.photos} has no photos: LFW's development view is not there")
    people = set(sorted({person_of(file.stem) for file in files})[: options.people])
    photos = [file for file in files if person_of(file.stem) in people]
    seen = {
        name: recognitions(load, photos, options.cache / f"lfw-view1-{name}.pickle")
        for name, load in engines(options.models_dir).items()
    }
    options.out.write_text(json.dumps(measured(seen[OURS], seen[DLIB]), indent=1) + "\n")


def measured(ours: Recognitions, dlibs: Recognitions) -> dict[str, Any]:
    """Return the artifact for what two engines saw on the same photos."""
    parts = split(ours)
    max_distance = DEFAULT_MAX_DISTANCE
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder), max_distance=max_distance)
        enrolled, refused = service.enrol(ours, parts.several)
        searched = parts.searched(enrolled)
        found = service.answers(ours, searched)
        others = service.answers(ours, parts.strangers)
        service.close()
    exact, exact_others = (
        compare_all(_largest(ours, enrolled), _largest(ours, photos), max_distance=max_distance)
        for photos in (searched, parts.strangers)
    )
    agreeing = sum(
        one.nearest == other.nearest
        for one, other in zip(found + others, exact + exact_others, strict=True)
    )
    of_dlib = {
        f"{distance:g}": rates(
            *(
                compare_all(
                    _largest(dlibs, enrolled), _largest(dlibs, photos), max_distance=distance
                )
                for photos in (searched, parts.strangers)
            )
        )
        for distance in (max_distance, USUAL_DISTANCE)
    }
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            name: version(name) for name in ("faiss-cpu", "lancedb", "onnxruntime", "dlib-bin")
        },
        "photos": len(ours),
        "largest_is_not_middle_face": sum(map(_is_of_another, ours.values())),
        "people_enrolled": len(enrolled),
        "people_refused": len(parts.several) - len(enrolled),
        "photos_refused": dict(refused),
        "max_distance": max_distance,
        "service": rates(found, others),
        "exact_of_same_embeddings": rates(exact, exact_others)
        | {"nearest_agree": agreeing, "of": len(found) + len(others)},
        "exact_of_dlib": of_dlib,
    }


class Service:
    """The service's own parts for enrolling and naming, on a folder instead of S3."""

    def __init__(self, folder: Path, *, max_distance: float) -> None:
        self._index = LanceFaceIndex(str(folder))
        store = MemoryStore()
        self._collections = Collections(store, self._index, refresh_s=1)
        self._collections.create(_COLLECTION)
        crops = Crops(store=store, names=NameHashes(store), index=self._index, are_kept=False)
        writer = FaceWriter(self._collections, self._index, crops=crops)
        self._enroller = Enroller(self._collections, self._index, writer)
        likeness = LikenessOfFaces(index=self._index, max_distance=max_distance)
        self._identifier = FaceIdentifier(self._collections, likeness)

    def enrol(
        self, recognitions: Recognitions, several: Mapping[str, Sequence[str]]
    ) -> tuple[list[str], Counter[str]]:
        """Enrol each person with the first photo that is not refused.

        Return these photos, and how many others were refused for which reason.
        """
        enrolled: list[str] = []
        refused: Counter[str] = Counter()
        left = [list(photos) for photos in several.values()]
        while left:
            tried = [photos.pop(0) for photos in left]
            accepted = self._enrol(recognitions, tried, refused)
            enrolled += [photo for photo in tried if photo in accepted]
            left = [
                photos
                for photos, photo in zip(left, tried, strict=True)
                if photos and photo not in accepted
            ]
        return enrolled, refused

    def _enrol(
        self, recognitions: Recognitions, photos: Sequence[str], refused: Counter[str]
    ) -> set[str]:
        accepted = set()
        for start in range(0, len(photos), _AT_ONCE):
            some = photos[start : start + _AT_ONCE]
            done = self._enroller.enrol_all([(_job(photo), recognitions[photo]) for photo in some])
            for photo, answer in zip(some, done, strict=True):
                if isinstance(answer, Erased):
                    refused[answer.code] += 1
                elif answer.face_records:
                    accepted.add(photo)
                else:
                    refused[next((face.reason for face in answer.unindexed_faces), "NO_FACE")] += 1
        return accepted

    def answers(self, recognitions: Recognitions, photos: Sequence[str]) -> list[Answer]:
        """Search with each photo's largest face."""
        gallery_id = self._collections.get(_COLLECTION).gallery_id
        answers = []
        for photo in photos:
            faces = recognitions[photo].faces[:1]
            if not faces:
                answers.append(Answer(photo=photo, nearest=None, named=None))
                continue
            named = self._identifier.identify(photo, _COLLECTION, recognitions[photo]).faces[0].name
            nearest = self._index.search(gallery_id, faces[0].embedding[np.newaxis], limit=1)[0]
            answers.append(Answer(photo=photo, nearest=nearest[0].person, named=named))
        return answers

    def close(self) -> None:
        self._index.close()


def _job(photo: str) -> IndexJob:
    return IndexJob(
        job_id=str(uuid.uuid4()),
        collection_id=_COLLECTION,
        image_id=photo,
        person=person_of(photo),
        s3_bucket="none",
        s3_key=photo,
    )


def _largest(
    recognitions: Recognitions, photos: Sequence[str]
) -> dict[str, NDArray[np.float32] | None]:
    return {
        photo: recognitions[photo].faces[0].embedding if recognitions[photo].faces else None
        for photo in photos
    }


def _is_of_another(seen: Recognition) -> bool:
    """Tell whether the largest face is not the middle one, for whom LFW names the photo."""
    return len(seen.faces) > 1 and seen.faces[0] is not min(
        seen.faces, key=lambda face: off_centre(face.box, seen.width, seen.height)
    )


if __name__ == "__main__":
    main()
