"""A gallery with embeddings of the kept pictures of another one."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

from tqdm import tqdm

from core.collections.crops import Crops
from core.errors import CropNotKept, InvalidPhoto, ModelMismatch, RecognitionFailed
from core.faces.results import Face, Model, Recognition
from core.ports import EnrolledFace, FaceIndex
from efr_cli.transfer.galleries import pages

_PAGE: Final = 200
_MIDDLE: Final = 0.25
"""Share of a picture's side by which its face may lie beside the middle."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """A face that could not be embedded again, and why."""

    face: EnrolledFace
    reason: str


@dataclass(kw_only=True)
class GalleryOfCrops:
    """A gallery that is brought to the state of another one, with embeddings of its pictures.

    ``model`` is that of the embeddings.
    """

    index: FaceIndex
    crops: Crops
    folder: str
    source: str
    target: str
    model: Model
    recognise: Callable[[bytes], Recognition]
    on_made: Callable[[], None]
    threads: int
    is_made: bool = False
    copied: dict[str, str] = field(default_factory=dict)
    """What was said of each face when it was carried over, by its id."""
    left: dict[str, Left] = field(default_factory=dict)

    def carry_over(self, *, is_late: bool = False) -> list[EnrolledFace]:
        """Embed what is new, take over what is said otherwise, erase what is gone.

        Return the faces that were new or changed. When it ``is_late``, others use the target
        already: what is there and was not carried over before is theirs.
        """
        present: set[str] = set()
        changed: list[EnrolledFace] = []
        total = self.index.count(self.source)
        with tqdm(desc="embedded", total=total, unit="face", disable=None) as bar:
            for page in pages(self.index, self.source, limit=_PAGE):
                changed += self._carry(page, is_late=is_late)
                present.update(face.face_id for face in page)
                bar.update(len(page))
        self.erase(sorted(self.copied.keys() - present))
        self.left = {face_id: left for face_id, left in self.left.items() if face_id in present}
        return changed

    def erase(self, gone: Sequence[str]) -> None:
        """Erase faces that were carried over."""
        if gone:
            self.index.erase(self.target, gone)
        for face_id in gone:
            self.copied.pop(face_id, None)

    def _carry(self, page: Sequence[EnrolledFace], *, is_late: bool) -> list[EnrolledFace]:
        news = [face for face in page if self.copied.get(face.face_id) != _said(face)]
        known = self._known(news)
        if is_late:
            news = [
                face for face in news if face.face_id in self.copied or face.face_id not in known
            ]
        there = [face for face in news if _is_same_photo(face, known.get(face.face_id))]
        changed = [
            replace(face, embedding=known[face.face_id].embedding)
            for face in there
            if _said(face) != _said(known[face.face_id])
        ]
        others = {face.face_id for face in news} - {face.face_id for face in there}
        changed += self._embedded([face for face in news if face.face_id in others])
        if changed:
            self._make(len(changed[0].embedding))
            self.index.put(self.target, changed)
        self.copied |= {face.face_id: _said(face) for face in (*there, *changed)}
        return changed

    def _known(self, faces: Sequence[EnrolledFace]) -> dict[str, EnrolledFace]:
        if not self.is_made:
            return {}
        found = self.index.get(self.target, [face.face_id for face in faces])
        return {face.face_id: face for face in found}

    def _embedded(self, faces: Sequence[EnrolledFace]) -> list[EnrolledFace]:
        with ThreadPoolExecutor(max_workers=self.threads) as threads:
            outcomes = list(threads.map(self._embed, faces))
        for outcome in outcomes:
            if isinstance(outcome, Left):
                self.left[outcome.face.face_id] = outcome
            else:
                self.left.pop(outcome.face_id, None)
        return [outcome for outcome in outcomes if isinstance(outcome, EnrolledFace)]

    def _embed(self, face: EnrolledFace) -> EnrolledFace | Left:
        try:
            recognition = self.recognise(self.crops.of(self.folder, face.face_id))
        except (CropNotKept, InvalidPhoto, RecognitionFailed) as error:
            return Left(face=face, reason=f"{error.code}: {error}")
        check_same(self.model, recognition.model)
        seen = _in_the_middle(recognition)
        if seen is None:
            return Left(face=face, reason="NO_FACE: no face was found on its picture")
        return replace(face, embedding=seen.embedding)

    def _make(self, length: int) -> None:
        if not self.is_made:
            self.on_made()
            self.index.create(self.target, length=length)
            self.is_made = True


def check_same(former: Model, model: Model) -> None:
    """Raise ``ModelMismatch`` if an engine is not that of the faces so far."""
    if model != former:
        raise ModelMismatch(
            f"the faces so far were embedded with {former.name} {former.version}, "
            f"not with {model.name} {model.version}: use that engine until this is done"
        )


def _said(face: EnrolledFace) -> str:
    said = {name: value for name, value in vars(face).items() if name != "embedding"}
    metadata, rejected = sorted(face.metadata.items()), sorted(face.rejected)
    return repr({**said, "metadata": metadata, "rejected": rejected})


def _is_same_photo(face: EnrolledFace, known: EnrolledFace | None) -> bool:
    """Tell whether a face was carried over as the same photo shows it."""
    return known is not None and (face.job_id, face.image_id, face.box, face.quality) == (
        known.job_id,
        known.image_id,
        known.box,
        known.quality,
    )


def _in_the_middle(recognition: Recognition) -> Face | None:
    """Return the face that a picture was cut for."""
    middle = recognition.width / 2, recognition.height / 2
    nearest = min(
        recognition.faces, key=lambda face: math.dist(face.box.middle, middle), default=None
    )
    if nearest is None or math.dist(nearest.box.middle, middle) > _MIDDLE * recognition.width:
        return None
    return nearest
