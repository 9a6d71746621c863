"""Who is to be erased, and which results hold or mention them."""

from dataclasses import dataclass
from datetime import datetime

from core.collections.erased.erasure_log import NOTHING_ERASED, ErasureLog
from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import JobDone, NamedFace
from core.jobs.results import JobResult


@dataclass(frozen=True, kw_only=True)
class Whom:
    """The people to look for: a whole collection, or a person and their known faces."""

    collection_id: str
    person: str | None = None
    face_ids: frozenset[str] = frozenset()
    image_id: str | None = None
    """Of a photo whose faces are meant."""
    log: ErasureLog = NOTHING_ERASED
    """Tells who had another name before."""

    def is_called(self, name: str, accepted_at: datetime | None) -> bool:
        """Tell whether a photo that was accepted at that time under a name is this person's."""
        return self.log.name_now(name, accepted_at) == self.person

    @property
    def is_everybody(self) -> bool:
        return self.person is None and not self.face_ids

    def is_in(self, result: JobResult) -> bool:
        """Tell whether a result names the person, or holds their face under another name."""
        if result.collection_id != self.collection_id:
            return False
        if self.is_everybody:
            return True
        if isinstance(result, JobDone):
            return any(
                face.name == self.person or face.face_id in self.face_ids
                for face in result.faces
                if face.name is not None
            )
        if isinstance(result, IndexDone):
            said = {result.person, *(record.person for record in result.face_records)}
            held = {record.face_id for record in result.face_records}
            return (self.person is not None and self.person in said) or bool(held & self.face_ids)
        return False

    def without_mention(self, result: JobResult) -> JobDone | None:
        """Return a result without the person where others are named beside whom they come next.

        None if they are not mentioned so.
        """
        if not isinstance(result, JobDone) or result.collection_id != self.collection_id:
            return None
        faces = [
            face.model_copy(update={"runner_up": None}) if self._is_next(face) else face
            for face in result.faces
        ]
        return None if faces == result.faces else result.model_copy(update={"faces": faces})

    def _is_next(self, face: NamedFace) -> bool:
        other = face.runner_up
        return other is not None and (other.name == self.person or other.face_id in self.face_ids)
