"""Moves a collection's faces to a fresh gallery while others use the collection.

All faces are copied, the collection is switched over, and once every process has
noticed, what changed in the old gallery meanwhile is carried over too: new faces,
renamed ones and erased ones. Then the old gallery is dropped. A note in
``run_folder`` names both galleries until then, so that one which a killed rebuild
left behind is dropped by the next.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from core.collections.collection import Collection
from core.collections.erased.erasure_log import ErasureLog
from core.errors import CollectionNotFound, Conflict
from core.ground.ids import new_gallery_id
from core.ports import EnrolledFace, FaceIndex
from efr_cli.context import CliContext
from efr_cli.index.bulk import uninterrupted
from efr_cli.transfer.galleries import pages
from efr_cli.transfer.parquet import PAGE


@dataclass(kw_only=True)
class GalleryCopy:
    """A gallery that is brought to the state of another one, as often as that changes."""

    index: FaceIndex
    source: str
    target: str
    copied: dict[str, int] = field(default_factory=dict)
    """Hashes of the faces when they were copied, by face id."""

    def carry_over(self) -> list[EnrolledFace]:
        """Copy what is new or changed since the last time, and return it; erase what is gone."""
        present: set[str] = set()
        copied: list[EnrolledFace] = []
        with tqdm(
            desc="carried over", total=self.index.count(self.source), unit="face", disable=None
        ) as bar:
            for page in pages(self.index, self.source, limit=PAGE):
                copied += self._copy(page)
                present.update(face.face_id for face in page)
                bar.update(len(page))
        self.erase(sorted(self.copied.keys() - present))
        return copied

    def _copy(self, page: list[EnrolledFace]) -> list[EnrolledFace]:
        likes = {face.face_id: _likeness(face) for face in page}
        changed = [face for face in page if self.copied.get(face.face_id) != likes[face.face_id]]
        if changed:
            self.index.put(self.target, changed)
            self.copied |= likes
        return changed

    def erase(self, gone: list[str]) -> None:
        """Erase faces that were copied."""
        for start in range(0, len(gone), PAGE):
            self.index.erase(self.target, gone[start : start + PAGE])
        for face_id in gone:
            del self.copied[face_id]


def _likeness(face: EnrolledFace) -> int:
    said = (face.person, face.image_id, face.job_id, face.rejected)
    seen = (face.box, face.quality, face.enrolled_at)
    return hash((said, seen, frozenset(face.metadata.items()), face.embedding.tobytes()))


def rebuild_gallery(parts: CliContext, collection_id: str) -> int:
    """Move a collection to a fresh gallery; return the number of its faces.

    Raises
    ------
    CollectionNotFound
        If there is no such collection.
    Conflict
        If the collection got another gallery meanwhile; nothing was changed.
    """
    collection = parts.collections.get(collection_id)
    note = parts.run_folder / f"rebuild-{collection_id}.json"
    _drop_leftovers(parts.index, collection, note)
    first = parts.index.page(collection.gallery_id, limit=1) if collection.model else []
    if not first:
        return 0
    fresh = new_gallery_id()
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps([collection.gallery_id, fresh]))
    parts.index.create(fresh, length=len(first[0].embedding))
    copy = GalleryCopy(index=parts.index, source=collection.gallery_id, target=fresh)
    try:
        copy.carry_over()
        copy.carry_over()  # what came during the long copy: little is left for after the switch
    except BaseException:
        _abandon(parts.index, fresh, note)
        raise
    _switch(parts, collection, copy, note)
    return len(copy.copied)


def _switch(parts: CliContext, collection: Collection, copy: GalleryCopy, note: Path) -> None:
    with uninterrupted():
        try:
            former = parts.collections.erased(parts.collections.now(collection.collection_id))
            is_swapped = parts.collections.swap_gallery(collection, copy.target)
        except CollectionNotFound:
            _abandon(parts.index, copy.target, note)
            raise
        if not is_swapped:
            _abandon(parts.index, copy.target, note)
            raise Conflict(f"collection {collection.collection_id!r} was changed; try again")
        parts.sleep(parts.erasure.settle_s)
        with suppress(CollectionNotFound):  # erased meanwhile, and then the former gallery too
            late = copy.carry_over()
            # An erasure looks at one gallery: it may have missed those that were not copied yet.
            log = parts.collections.erased(parts.collections.now(collection.collection_id))
            copy.erase(_erased(late, log.since(former)))
        parts.index.drop(copy.source)
        note.unlink()


def _erased(faces: list[EnrolledFace], log: ErasureLog) -> list[str]:
    return [
        face.face_id
        for face in faces
        if log.covers(person=face.person, face_ids=[face.face_id], accepted_at=None)
    ]


def _abandon(index: FaceIndex, gallery_id: str, note: Path) -> None:
    index.drop(gallery_id)
    note.unlink()


def _drop_leftovers(index: FaceIndex, collection: Collection, note: Path) -> None:
    if not note.is_file():
        return
    for gallery_id in json.loads(note.read_text()):
        if gallery_id != collection.gallery_id:
            index.drop(gallery_id)
    note.unlink()
