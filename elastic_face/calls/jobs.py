"""Photos that workers recognise or index, and their results."""

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from elastic_face.answers import IndexDone, JobDone, JobFailed, JobPending, JobSubmitted
from elastic_face.calls.base import Calls, path_of, read
from elastic_face.errors import NotFinished, family_of
from elastic_face.photo import Photo, S3Photo, bytes_of, form_fields, photo_fields
from elastic_face.transport import Answer, retry_after_s

Job = JobDone | IndexDone | JobFailed | JobPending

_USUAL_PAUSE_S: Final = 1.0
_PENDING: Final = 202


class JobCalls(Calls):
    """Sends photos to the workers, and waits for what they find."""

    def recognise(
        self,
        photo: Photo,
        collection_id: str = "default",
        *,
        min_quality: float | None = None,
        idempotency_key: str | None = None,
        timeout_s: float = 300,
    ) -> JobDone:
        """Upload a photo, wait, and return who is on it.

        Parameters
        ----------
        min_quality : float, optional
            Least quality of a face that is looked for, 0 to 100.
        idempotency_key : str, optional
            The same key and photo give the same job. By default each call has a key of its
            own, so that it can be sent again. "" sends none: then the same photo may get its
            earlier answer.
        timeout_s : float
            Seconds to wait for the result.

        Raises
        ------
        InvalidPhoto, RecognitionFailed
            If the photo can't be used, or no answer was found; ``job_id`` names the job.
        NotFinished
            If the time is over. `wait` goes on with its ``job_id``.
        """
        until = time.monotonic() + timeout_s
        answer = self._upload(photo, idempotency_key, {}, collection_id, min_quality)
        if answer.status == _PENDING:
            pending = read(JobPending, answer)
            self._pause(pending.job_id, answer, until)
            ended = self._wait(pending.job_id, until)
        else:
            ended = _done(_job(answer))
        if not isinstance(ended, JobDone):
            raise TypeError(f"job {ended.job_id} is no upload")
        return ended

    def submit(
        self,
        photo: Photo,
        collection_id: str = "default",
        *,
        min_quality: float | None = None,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Upload a photo and return the id of its job at once, for `wait`."""
        at_once = {"Prefer": "respond-async"}
        answer = self._upload(
            photo, idempotency_key, at_once, collection_id, min_quality, callback_url
        )
        return str(answer.json()["job_id"])

    def index(
        self,
        photo: Photo | S3Photo,
        collection_id: str,
        *,
        person: str | None = None,
        image_id: str | None = None,
        largest: bool = False,
        box: tuple[float, float, float, float] | None = None,
        max_faces: int | None = None,
        min_quality: float | None = None,
        metadata: Mapping[str, str] | None = None,
        timeout_s: float = 300,
    ) -> IndexDone:
        """Add a photo's faces to a collection, and return which were added and which not.

        `submit_index` takes the same, and says what the fields are.

        Raises
        ------
        InvalidPhoto, RecognitionFailed
            If the photo can't be used.
        NotFinished
            If the time is over. `wait` goes on with its ``job_id``.
        """
        until = time.monotonic() + timeout_s
        job_id = self.submit_index(
            photo,
            collection_id,
            person=person,
            image_id=image_id,
            largest=largest,
            box=box,
            max_faces=max_faces,
            min_quality=min_quality,
            metadata=metadata,
        )
        ended = self._wait(job_id, until)
        if not isinstance(ended, IndexDone):
            raise TypeError(f"job {job_id} indexes nothing")
        return ended

    def submit_index(
        self,
        photo: Photo | S3Photo,
        collection_id: str,
        *,
        person: str | None = None,
        image_id: str | None = None,
        largest: bool = False,
        box: tuple[float, float, float, float] | None = None,
        max_faces: int | None = None,
        min_quality: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Have a photo's faces added to a collection; return the job's id, for `wait`.

        Parameters
        ----------
        person : str, optional
            Whose photo it is: the largest face is added under that name, unless others are
            nearly as large. Without a person, faces are added without a name.
        image_id : str, optional
            The same id replaces the photo's faces. By default the SHA-256 of the photo, as
            ``efr enroll`` and ``efr index`` have it, or the key of a photo in S3.
        largest : bool
            Add the largest face, whatever others there are.
        box : tuple, optional
            ``(left, top, width, height)``, in pixels: add the face that is there.
        max_faces : int, optional
            Add so many of the largest faces, where no person is given.
        """
        if isinstance(photo, S3Photo):
            image_id = photo.key if image_id is None else image_id
        else:
            photo = bytes_of(photo)
            image_id = hashlib.sha256(photo).hexdigest() if image_id is None else image_id
        form = form_fields(
            collection_id=collection_id,
            image_id=image_id,
            person=person,
            largest=largest,
            box=box,
            max_faces=max_faces,
            min_quality=min_quality,
            metadata=None if metadata is None else dict(metadata),
        )
        answer = self._transport.ask(
            "POST", "/faces/index", form=form | photo_fields(photo), repeatable=True
        )
        return read(JobSubmitted, answer).job_id

    def job(self, job_id: str) -> Job:
        """Return how far a job is, without waiting."""
        answer = self._transport.ask("GET", path_of("status", job_id))
        return read(JobPending, answer) if answer.status == _PENDING else _job(answer)

    def wait(self, job_id: str, *, timeout_s: float = 300) -> JobDone | IndexDone:
        """Wait for a job and return its result; raises what `recognise` raises."""
        return self._wait(job_id, time.monotonic() + timeout_s)

    def _wait(self, job_id: str, until: float) -> JobDone | IndexDone:
        while True:
            answer = self._transport.ask("GET", path_of("status", job_id))
            if answer.status != _PENDING:
                return _done(_job(answer))
            self._pause(job_id, answer, until)

    def _pause(self, job_id: str, answer: Answer, until: float) -> None:
        """Wait as long as the service asks for."""
        pause_s = retry_after_s(answer)
        pause_s = _USUAL_PAUSE_S if pause_s is None else pause_s
        if time.monotonic() + pause_s > until:
            raise NotFinished("the job goes on", code="NOT_FINISHED", job_id=job_id)
        self._transport.sleep(pause_s)

    def _upload(
        self,
        photo: Photo,
        key: str | None,
        headers: Mapping[str, str],
        collection_id: str,
        min_quality: float | None,
        callback_url: str | None = None,
    ) -> Answer:
        key = uuid.uuid4().hex if key is None else key
        form = form_fields(
            collection_id=collection_id, min_quality=min_quality, callback_url=callback_url
        )
        return self._transport.ask(
            "POST",
            "/",
            form=form | photo_fields(photo, "inputFile"),
            headers={**headers, **({"Idempotency-Key": key} if key else {})},
            repeatable=bool(key),
        )


def _job(answer: Answer) -> JobDone | IndexDone | JobFailed:
    said: dict[str, Any] = json.loads(answer.data)
    if said.get("status") == "failed":
        return read(JobFailed, answer)
    return read(IndexDone, answer) if said.get("kind") == "index" else read(JobDone, answer)


def _done(job: JobDone | IndexDone | JobFailed) -> JobDone | IndexDone:
    if not isinstance(job, JobFailed):
        return job
    code, message = job.error.code, job.error.message
    raise family_of(code, None)(message, code=code, job_id=job.job_id)
