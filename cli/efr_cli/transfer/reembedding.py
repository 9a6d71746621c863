"""Embeds the kept pictures of a collection with the present engine, into a fresh gallery.

The former gallery answers until all faces are embedded, and the collection is switched over at
once. What is enrolled, renamed or erased meanwhile is carried over, also after the switch. A note
in ``run_folder`` names both galleries until then; with it an interrupted run goes on where it was.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.collections.collection import Collection
from core.errors import (
    CollectionNotFound,
    Conflict,
)
from core.faces.results import Model
from core.ground.ids import new_gallery_id
from core.ground.records import Frozen
from core.ports import FaceIndex
from efr_cli.context import CliContext
from efr_cli.errors import Refused
from efr_cli.index.bulk import uninterrupted
from efr_cli.transfer.gallery_of_crops import GalleryOfCrops, Left, check_same
from efr_cli.transfer.present_engine import present_model


@dataclass(frozen=True, kw_only=True)
class Reembedded:
    """What became of a collection; ``is_done`` if it has the new embeddings now."""

    faces: int
    left: list[Left]
    is_done: bool


def reembed(parts: CliContext, collection_id: str, *, leave_out: bool) -> Reembedded:
    """Embed a collection with the present engine.

    Parameters
    ----------
    leave_out : bool
        Switch over although some faces can't be embedded; they are erased then.

    Raises
    ------
    CollectionNotFound
        If there is no such collection.
    Conflict
        If the collection got another gallery meanwhile.
    ModelMismatch
        If an interrupted run had another engine.
    Refused
        If the collection has embeddings of the present engine already.
    """
    collection = parts.collections.now(collection_id)
    note = parts.run_folder / f"reembed-{collection_id}.json"
    begun = _begun(parts.index, collection, note)
    target = begun.target if begun else new_gallery_id()
    source = begun.source if begun else collection.gallery_id

    def on_made() -> None:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(_Note(source=source, target=target, model=model).model_dump_json())

    with parts.recognizer(parts.threads) as recognizer:
        model = present_model(recognizer)
        if begun is not None:
            check_same(begun.model, model)
        elif collection.model == model:
            raise Refused(
                "SAME_MODEL", "the collection has embeddings of the present engine already"
            )
        copy = GalleryOfCrops(
            index=parts.index,
            crops=parts.crops,
            folder=collection.crops_folder,
            source=source,
            target=target,
            model=model,
            recognise=recognizer.recognise,
            on_made=on_made,
            threads=parts.threads,
        )
        copy.is_made = begun is not None and _has_faces(parts.index, target)
        if collection.gallery_id == target:
            return _finished(parts, copy, note, collection)  # a run died after the switch
        copy.carry_over()
        copy.carry_over()  # what came meanwhile: little is left for after the switch
        left = list(copy.left.values())
        if copy.copied and (leave_out or not left):
            return _switched(parts, collection, copy, note)
        return Reembedded(faces=len(copy.copied), left=left, is_done=False)


def _switched(
    parts: CliContext, collection: Collection, copy: GalleryOfCrops, note: Path
) -> Reembedded:
    with uninterrupted():
        former = parts.collections.now(collection.collection_id)
        if not parts.collections.swap_gallery(collection, copy.target, model=copy.model):
            raise Conflict(f"collection {collection.collection_id!r} was changed; try again")
        parts.sleep(parts.erasure.settle_s)
        return _finished(parts, copy, note, former)


def _finished(
    parts: CliContext, copy: GalleryOfCrops, note: Path, former: Collection
) -> Reembedded:
    """Carry over what came to the former gallery last, and drop that."""
    with suppress(CollectionNotFound):  # erased meanwhile, and then the former gallery too
        late = copy.carry_over(is_late=True)
        # An erasure looks at one gallery: it may have missed those that were not carried yet.
        now = parts.collections.now(former.collection_id)
        log = parts.collections.erased(now).since(parts.collections.erased(former))
        copy.erase(
            [
                face.face_id
                for face in late
                if log.covers(person=face.person, face_ids=[face.face_id], accepted_at=None)
            ]
        )
        parts.crops.erase(copy.folder, copy.left)
    parts.index.drop(copy.source)
    note.unlink(missing_ok=True)
    return Reembedded(faces=len(copy.copied), left=list(copy.left.values()), is_done=True)


class _Note(Frozen):
    """What an interrupted run has begun."""

    source: str
    target: str
    model: Model


def _begun(index: FaceIndex, collection: Collection, note: Path) -> _Note | None:
    """Return what an interrupted run left; what it left of another gallery is dropped."""
    if not note.is_file():
        return None
    begun = _Note.model_validate_json(note.read_text())
    if collection.gallery_id in (begun.source, begun.target):
        return begun
    index.drop(begun.target)
    note.unlink()
    return None


def _has_faces(index: FaceIndex, gallery_id: str) -> bool:
    try:
        return bool(index.page(gallery_id, limit=1))
    except CollectionNotFound:
        return False
