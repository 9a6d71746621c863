"""The kinds of jobs: how each is read, answered, and counted once it has ended.

To answer a job is to fetch its photo, to recognise it, then to name or to enrol its faces.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, TypeVar

from core.access.audit_trail import AuditTrail
from core.collections.enrolment.batching import EnrolmentGroups
from core.collections.enrolment.face_choice import needed_for
from core.collections.identification import FaceIdentifier
from core.collections.unknown.keeping import UnknownKeeper
from core.errors import BucketNotFound, CollectionNotFound, Erased, ObjectMissing
from core.faces.results import EVERY_FACE
from core.ground.authors import Author
from core.ground.realms import Realm
from core.host.tracing import tracing
from core.jobs.batch_records import note_outcome
from core.jobs.index_job import IndexDone, IndexJob
from core.jobs.photo_sources import PhotoSources, check_is_no_other_file
from core.jobs.recognition_job import (
    COLLECTION_NOTE,
    DEFAULT_COLLECTION,
    MIN_QUALITY_NOTE,
    Job,
    JobDone,
)
from core.jobs.results import JobResult
from core.jobs.webhooks.outbox import Outbox
from core.ports import ObjectNotes, ObjectStore, ReceivedMessage, Recognizer
from core.worker.job_metrics import BULK, INTERACTIVE, note_faces, note_recognition, stage

J = TypeVar("J", bound=Job | IndexJob)


class JobKind(Protocol[J]):
    """What the messages of a lane are."""

    lane: ClassVar[str]
    """The lane's name, for metrics."""

    def parse(self, message: ReceivedMessage) -> J:
        """Read a message; ``MalformedMessage`` if its body is no job of this kind."""
        ...

    def answer(self, job: J) -> JobDone | IndexDone:
        """Return a job's result; a job without one raises why."""
        ...

    def note_outcome(self, job: J, result: JobResult, notes: Mapping[str, str]) -> None:
        """Leave what tells others that a job has a result, perhaps once more.

        Parameters
        ----------
        notes : mapping
            What was sent with the job's message.

        Raises
        ------
        ServiceUnavailable
            If S3 or SQS is away; the job is not over then.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class RecognitionJobs:
    """A tenant's photos whose people are named; they lie in the input bucket."""

    lane: ClassVar[str] = INTERACTIVE

    inputs: ObjectStore
    recognizer: Recognizer
    identifier: FaceIdentifier
    max_file_bytes: int
    realm: Realm
    events: Outbox
    unknowns: UnknownKeeper | None = None
    keep_crops: bool = True

    def parse(self, message: ReceivedMessage) -> Job:
        return Job.from_body(message.body)

    def answer(self, job: Job) -> JobDone:
        with stage(INTERACTIVE, "fetch"):
            photo = self.inputs.get(job.input_key, max_bytes=self.max_file_bytes)
        check_is_own(photo, self.realm, job.input_key)
        collection_id = photo.metadata.get(COLLECTION_NOTE, DEFAULT_COLLECTION)
        asked = photo.metadata.get(MIN_QUALITY_NOTE)
        try:
            keeps = self.unknowns is not None and self.unknowns.keeps_of(collection_id)
            needed = replace(EVERY_FACE, crops=keeps and self.keep_crops)
            with tracing().span("recognise"):
                recognition = self.recognizer.recognise(photo.body, needed)
                note_recognition(INTERACTIVE, recognition)
            with stage(INTERACTIVE, "search"):
                done = self.identifier.identify(
                    job.job_id,
                    collection_id,
                    recognition,
                    min_quality=None if asked is None else float(asked),
                )
            note_faces(done)
            if self.unknowns is not None and keeps:
                named = [face.name is not None for face in done.faces]
                self.unknowns.note(job.job_id, collection_id, recognition, named)
            return done
        except CollectionNotFound:
            self.inputs.delete(job.input_key)
            raise

    def note_outcome(self, job: Job, result: JobResult, notes: Mapping[str, str]) -> None:
        """Keep the unknown faces of the job, and tell of it; it belongs to no batch."""
        if self.unknowns is not None:
            self.unknowns.settle(job.job_id)
        self.events.job_ended(result, batch_id=None, notes=notes)


@dataclass(frozen=True, kw_only=True)
class IndexJobs:
    """A tenant's photos whose faces are enrolled; they lie in the input bucket or an allowed one.

    A batch by prefix has whatever lies there: what is no photo by its name is not fetched.
    What was erased after its photo was accepted is not even recognised, and the photo goes
    where the service stored it. The audit trail tells of each photo that was enrolled by itself,
    perhaps twice; of a batch it has told when that was accepted.
    """

    lane: ClassVar[str] = BULK

    sources: PhotoSources
    recognizer: Recognizer
    enroller: EnrolmentGroups
    outputs: ObjectStore
    audit: AuditTrail
    keep_crops: bool = True
    realm: Realm
    events: Outbox
    on_unnamed: Callable[[str], None] = lambda _: None
    """Called with the collection that got faces without a person."""

    def parse(self, message: ReceivedMessage) -> IndexJob:
        return IndexJob.from_body(message.body, Author.noted(message.notes))

    def answer(self, job: IndexJob) -> IndexDone:
        if job.batch_id is not None:
            check_is_no_other_file(job.s3_key)
        try:
            return self._answer(job)
        except (Erased, CollectionNotFound):
            if job.owns_photo:
                self.sources.remove(job.s3_bucket, job.s3_key)
            raise

    def note_outcome(self, job: IndexJob, result: JobResult, notes: Mapping[str, str]) -> None:
        """Let the job's batch count it or the audit trail tell of it, and tell its listeners."""
        note_outcome(self.outputs, job, result)
        if job.batch_id is None and isinstance(result, IndexDone) and result.face_records:
            self.audit.add(
                "enrol",
                job.author,
                people=[record.person for record in result.face_records],
                collection_id=result.collection_id,
                job_id=result.job_id,
                counts={"faces": len(result.face_records)},
            )
        self.events.job_ended(result, batch_id=job.batch_id, notes=notes)
        if isinstance(result, IndexDone) and any(
            record.person is None for record in result.face_records
        ):
            self.on_unnamed(result.collection_id)

    def _answer(self, job: IndexJob) -> IndexDone:
        try:
            with stage(BULK, "fetch"):
                photo = self.sources.photo(job.s3_bucket, job.s3_key)
        except (BucketNotFound, ObjectMissing):
            self.enroller.refuse_erased(job)
            raise
        if job.owns_photo:
            check_is_own(photo, self.realm, job.s3_key)
            job = job.model_copy(update={"accepted_at": photo.modified_at})
        self.enroller.refuse_erased(job)
        needed = replace(needed_for(job), crops=self.keep_crops)
        with tracing().span("recognise"):
            recognition = self.recognizer.recognise(photo.body, needed)
            note_recognition(BULK, recognition)
        with stage(BULK, "enrol"):
            return self.enroller.enrol(job, recognition)


def check_is_own(photo: ObjectNotes, realm: Realm, key: str) -> None:
    """Raise ``ObjectMissing`` for a photo of another tenant than the one of its job."""
    if not realm.owns(photo.metadata):
        raise ObjectMissing(f"no object is stored under {key!r}")
