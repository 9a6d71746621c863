"""Which photos of a folder are enrolled already, so that nobody recognises them again."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tqdm import tqdm

from core.collections.enrolment.face_ids import face_id
from core.collections.people import People
from efr_cli.enroll.folder import name_of

_PAGE: Final = 1000

Photos = Sequence[tuple[str, Path]]
"""Photos with the names of their folders."""


@dataclass(frozen=True, kw_only=True)
class KnownPhotos:
    """Photos whose face is enrolled under their folder's name, and the others, in order."""

    owners: dict[str, str]
    """People by the ids of their faces."""
    others: list[tuple[str, Path]]


def sort_out(people: People, collection_id: str, photos: Photos, *, threads: int) -> KnownPhotos:
    """Tell which photos are enrolled already.

    If all are, one counts among the others: recognised, it shows whether the engine is still the
    collection's. Faces of versions that noted no quality count as others, too.
    """
    collection = people.collections.fresh_if_empty(collection_id)
    known = KnownPhotos(owners={}, others=[])
    if collection.model is None:
        return KnownPhotos(owners={}, others=list(photos))
    with (
        ThreadPoolExecutor(max_workers=threads) as executor,
        tqdm(desc="looked up", total=len(photos), unit="photo", disable=None) as bar,
    ):
        for start in range(0, len(photos), _PAGE):
            page = photos[start : start + _PAGE]
            ids = list(executor.map(lambda photo: _face_id(collection_id, photo[1]), page))
            found = people.found(collection, sorted({each for each in ids if each is not None}))
            persons = {face.face_id: face.person for face in found if face.quality is not None}
            for photo, its_id in zip(page, ids, strict=True):
                person = name_of(photo[0])
                if its_id is None or person is None or persons.get(its_id) != person:
                    known.others.append(photo)
                else:
                    known.owners[its_id] = person
            bar.update(len(page))
    if not known.others:
        known.others.append(photos[0])
        known.owners.pop(_face_id(collection_id, photos[0][1]) or "", None)
    return known


def _face_id(collection_id: str, path: Path) -> str | None:
    """Return the id that the face of a photo has; None if the photo can't be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    return face_id(collection_id, digest, 0)
