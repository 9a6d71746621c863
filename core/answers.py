"""What a worker does for a job: fetch the photo, recognise, then name or enrol."""

from dataclasses import dataclass

from core.enrolment_groups import EnrolmentGroups
from core.index_jobs import IndexDone, IndexJob
from core.jobs import COLLECTION_NOTE, DEFAULT_COLLECTION, MIN_QUALITY_NOTE, Job, JobDone
from core.naming import FaceNamer
from core.ports import ObjectStore, Recognizer
from core.sources import PhotoSources, check_is_no_other_file


@dataclass(frozen=True, kw_only=True)
class RecognitionAnswerer:
    """Answers recognition jobs; their photos lie in the input bucket."""

    inputs: ObjectStore
    recognizer: Recognizer
    namer: FaceNamer
    max_file_bytes: int

    def __call__(self, job: Job) -> JobDone:
        photo = self.inputs.get(job.input_key, max_bytes=self.max_file_bytes)
        collection_id = photo.metadata.get(COLLECTION_NOTE, DEFAULT_COLLECTION)
        asked = photo.metadata.get(MIN_QUALITY_NOTE)
        return self.namer.name(
            job.job_id,
            collection_id,
            self.recognizer.recognise(photo.body),
            min_quality=None if asked is None else float(asked),
        )


@dataclass(frozen=True, kw_only=True)
class IndexAnswerer:
    """Answers index jobs; their photos lie in the input bucket or an allowed one.

    A batch by prefix has whatever lies there: what is no photo by its name is not fetched.
    """

    sources: PhotoSources
    recognizer: Recognizer
    enroller: EnrolmentGroups

    def __call__(self, job: IndexJob) -> IndexDone:
        if job.batch_id is not None:
            check_is_no_other_file(job.s3_key)
        photo = self.sources.photo(job.s3_bucket, job.s3_key)
        return self.enroller.enrol(job, self.recognizer.recognise(photo))
