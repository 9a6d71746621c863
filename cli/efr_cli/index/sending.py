"""How photos reach the workers, and what becomes of them."""

from dataclasses import dataclass
from typing import Final, Protocol

from core.collections.enrolment.face_ids import face_id
from core.ground.authors import TYPIST
from core.jobs.index_job import IndexRequest
from core.jobs.results import JobResult
from efr_cli.context import CliContext

_POLL_S: Final = 1.0


class Sending(Protocol):
    """A way to the workers, from here or by a server.

    ``watched`` is for how many jobs one round asks; the queue serves the oldest ones first.
    """

    @property
    def watched(self) -> int: ...

    def require(self, collection_id: str) -> None:
        """Raise an error unless there is such a collection."""
        ...

    def is_known(self, image_id: str, request: IndexRequest) -> bool:
        """Tell whether faces of a photo are enrolled, under the name that is given if one is."""
        ...

    def send(self, photo: bytes, image_id: str, filename: str, request: IndexRequest) -> str:
        """Send a photo to the workers; return the job's id.

        Raises
        ------
        InvalidPhoto
            If it can't be used.
        TooManyJobs
            If it may be sent later.
        """
        ...

    def result(self, job_id: str) -> JobResult | None:
        """Return what became of a job; None while it is pending."""
        ...

    def pause(self) -> None:
        """Let some time pass."""
        ...


@dataclass(frozen=True, kw_only=True)
class OwnSending:
    """A `Sending` that stores photos and sends messages itself."""

    parts: CliContext
    watched: int = 20

    def require(self, collection_id: str) -> None:
        self.parts.collections.get(collection_id)

    def is_known(self, image_id: str, request: IndexRequest) -> bool:
        collection_id, person = request.collection_id, request.person
        collection = self.parts.collections.fresh_if_empty(collection_id)
        if collection.model is None:
            return False
        places = 1 if person is not None else request.max_faces
        ids = [face_id(collection_id, image_id, place) for place in range(places)]
        found = self.parts.people.found(collection, ids)
        return any(person in (None, face.person) for face in found)

    def send(self, photo: bytes, image_id: str, filename: str, request: IndexRequest) -> str:
        requests = self.parts.index_requests
        requests.intake.check(photo)
        return requests.submit(photo, image_id, filename, request, TYPIST)

    def result(self, job_id: str) -> JobResult | None:
        return self.parts.results.read(job_id)

    def pause(self) -> None:
        self.parts.sleep(_POLL_S)
