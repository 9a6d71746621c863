"""What holds a face, a photo's faces or a person, and is to be erased with them."""

from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Final

from core.collections.collection import Collection
from core.collections.consents import Consents
from core.collections.crops import Crops, Meant
from core.collections.enrolled_faces import EnrolledFaces
from core.collections.erasing.traces import Found, Traces
from core.collections.erasing.whom import Whom
from core.collections.kept_faces import KeptFaces, was_kept
from core.collections.registry import Collections
from core.errors import ImageNotFound
from core.ports import EnrolledFace, FaceIndex

_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What still holds the person.

    Ids of enrolled faces, and of others with a crop; jobs, and the names of consent notes.
    """

    faces: frozenset[str] = frozenset()
    crops: frozenset[str] = frozenset()
    found: Found = field(default_factory=Found)
    noted: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    """Unknown faces that are kept."""

    def __bool__(self) -> bool:
        return bool(self.faces or self.kept or self.crops or self.found or self.noted)

    @property
    def has_only_results(self) -> bool:
        others = (self.faces, self.kept, self.crops, self.noted)
        return not any((*others, self.found.unanswered, self.found.batches))


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """Finds what still holds those whom an erasure is about."""

    collections: Collections
    faces: EnrolledFaces
    consents: Consents
    crops: Crops
    kept: KeptFaces
    index: FaceIndex
    traces: Traces

    def of_face(self, whom: Whom, face: EnrolledFace) -> Holding:
        """Return what holds one face, as it was when its erasure began."""
        holding = Holding(
            faces=self._faces(whom),
            noted=self._noted_without(whom, [face.person]),
            crops=self._unfinished(whom.collection_id, Meant(face_ids=whom.face_ids)),
            kept=frozenset(self._kept_ids(whom.collection_id, whom.face_ids)),
        )
        if not (holding.faces or holding.kept) or face.job_id is None:
            return holding
        if was_kept(whom.collection_id, face):
            return self._with_jobs(whom.collection_id, holding, {face.job_id})
        return replace(holding, found=self.traces.of_job(face.job_id, whom))

    def of_image(self, collection_id: str, image_id: str, face_ids: Set[str]) -> Holding:
        """Return what holds the faces of a photo; ``face_ids`` were found before."""
        held: list[EnrolledFace] = []
        with suppress(ImageNotFound):
            held = self.faces.faces_on(collection_id, image_id)
        faces = frozenset(face.face_id for face in held)
        theirs = Whom(collection_id=collection_id, face_ids=faces | face_ids)
        jobs = {face.job_id for face in held if face.job_id is not None}
        return Holding(
            faces=faces,
            found=reduce(or_, (self.traces.of_job(job, theirs) for job in jobs), Found()),
            noted=self._noted_without(theirs, [face.person for face in held]),
            crops=self._unfinished(collection_id, Meant(face_ids=theirs.face_ids)),
        )

    def of_person(self, collection_id: str, person: str, face_ids: Set[str]) -> Holding:
        """Return what holds a person; ``face_ids`` are theirs, and were found before."""
        log = self.collections.erased(self.collections.now(collection_id))
        known = frozenset(face_ids)
        whom = Whom(collection_id=collection_id, person=person, face_ids=known, log=log)
        faces = self._faces(whom)
        found = self.traces.find(replace(whom, face_ids=known | faces))
        noted = (person,) if self.consents.is_there(collection_id, person) else ()
        meant = Meant(person=person, face_ids=known, job_ids=found.jobs)
        crops = self._unfinished(collection_id, meant)
        holding = Holding(faces=faces, found=found, noted=noted, crops=crops)
        return self._with_jobs(collection_id, holding, self._uploads_of(collection_id, faces))

    def _noted_without(self, whom: Whom, people: Iterable[str | None]) -> tuple[str, ...]:
        """Return those who have a consent note, and no face but those that are erased."""
        noted = (
            person
            for person in dict.fromkeys(people)
            if person is not None and self.consents.is_there(whom.collection_id, person)
        )
        return tuple(
            person
            for person in noted
            if not self._faces(Whom(collection_id=whom.collection_id, person=person))
            - whom.face_ids
        )

    def _uploads_of(self, collection_id: str, face_ids: Set[str]) -> set[str]:
        """Return the uploads that brought those of the faces that were unknown at first."""
        collection = self.collections.now(collection_id)
        if collection.model is None or not face_ids:
            return set()
        found = self.faces.found(collection, sorted(face_ids))
        return {face.job_id for face in found if face.job_id and was_kept(collection_id, face)}

    def _kept_ids(self, collection_id: str, face_ids: Set[str]) -> list[str]:
        kept = self.kept.get(self.collections.now(collection_id), face_ids)
        return [face.face_id for face in kept]

    def _with_jobs(self, collection_id: str, holding: Holding, uploads: Set[str]) -> Holding:
        """Add these uploads to the jobs, and to the faces what all of the jobs left unknown."""
        found = holding.found
        found = replace(found, answered=found.answered | self.traces.stored(uploads))
        collection = self.collections.now(collection_id)
        kept = holding.kept | self.kept.of_jobs(collection, found.jobs)
        return replace(holding, found=found, kept=kept)

    def _unfinished(self, collection_id: str, meant: Meant) -> frozenset[str]:
        """Return the faces that have a crop, and may never be put, as their writer died."""
        return self.crops.unfinished(self.collections.now(collection_id).crops_folder, meant)

    def _faces(self, whom: Whom) -> frozenset[str]:
        """Return the person's faces that are enrolled now, under any name."""
        collection = self.collections.now(whom.collection_id)
        if collection.model is None:
            return frozenset()
        held: list[EnrolledFace] = []
        if whom.face_ids:
            held += self.index.get(collection.gallery_id, sorted(whom.face_ids))
        if whom.person is not None:
            held += self._named(collection, whom.person)
        return frozenset(face.face_id for face in held)

    def _named(self, collection: Collection, person: str) -> Iterator[EnrolledFace]:
        after = ""
        while page := self.index.page(
            collection.gallery_id, limit=_PAGE, after=after, person=person
        ):
            yield from page
            after = page[-1].face_id
