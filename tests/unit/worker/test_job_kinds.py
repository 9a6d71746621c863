"""The kinds of jobs."""

import pytest

from core.bootstrap.use_cases.enrolling import build_enroller
from core.bootstrap.use_cases.searching import build_identifier
from core.collections.enrolment.batching import EnrolmentGroups
from core.errors import BucketNotAllowed, FileTooLarge, ObjectMissing, UnsupportedImage
from core.ground.ids import new_id
from core.ground.storage_keys import batch_mark_key
from core.jobs.index_job import IndexJob
from core.jobs.photo_sources import PhotoSources
from core.jobs.recognition_job import COLLECTION_NOTE, MIN_QUALITY_NOTE, Job, JobDone, failed
from core.worker.job_kinds import IndexJobs, RecognitionJobs
from tests.support.faces import RecognizerByPhoto, face, recognition
from tests.support.infrastructure import MemoryInfrastructure

ADA = b"photo of Ada"
POOR_ADA = b"photo, poor"
JOB = Job.new("ada.jpg")


class Worker:
    def __init__(self) -> None:
        memory = MemoryInfrastructure()
        self.inputs, self.outputs, _ = map(memory.bucket, memory.settings.buckets)
        self.own_bucket = memory.bucket("own")
        shared = memory.shared()
        shared.collections.create("family")
        recognizer = RecognizerByPhoto(
            shown={ADA: recognition(face(0)), POOR_ADA: recognition(face(0, quality=10))}
        )
        self.uploads = RecognitionJobs(
            inputs=self.inputs,
            recognizer=recognizer,
            identifier=build_identifier(shared),
            max_file_bytes=len(ADA),
            realm=shared.realm,
            events=shared.outbox,
        )
        self.album = IndexJobs(
            sources=PhotoSources(
                allowed={"in": self.inputs, "own": self.own_bucket}, max_file_bytes=len(ADA)
            ),
            recognizer=recognizer,
            enroller=EnrolmentGroups(build_enroller(shared)),
            outputs=self.outputs,
            audit=shared.audit,
            realm=shared.realm,
            events=shared.outbox,
        )

    def upload(self, photo: bytes, collection_id: str | None) -> None:
        note = {COLLECTION_NOTE: collection_id} if collection_id else None
        self.inputs.put(JOB.input_key, photo, content_type="image/jpeg", metadata=note)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def index_job(bucket: str) -> IndexJob:
    return IndexJob(
        collection_id="family",
        person="Ada",
        job_id=new_id(),
        image_id="ada.jpg",
        s3_bucket=bucket,
        s3_key="key",
    )


@pytest.mark.parametrize(
    ("noted", "searched", "result"),
    [("family", "family", "Ada"), ("default", "default", "Unknown"), (None, "default", "Unknown")],
)
def test_people_are_looked_for_in_the_noted_collection(
    worker: Worker, noted: str | None, searched: str, result: str
) -> None:
    worker.inputs.put("key", ADA, content_type="image/jpeg")
    worker.album.answer(index_job("in"))
    worker.upload(ADA, noted)

    done = worker.uploads.answer(JOB)

    assert isinstance(done, JobDone)
    assert (done.collection_id, done.result) == (searched, result)


@pytest.mark.parametrize("bucket", ["in", "own"])
def test_indexed_photo_comes_from_the_bucket_of_the_job(worker: Worker, bucket: str) -> None:
    store = worker.inputs if bucket == "in" else worker.own_bucket
    store.put("key", ADA, content_type="image/jpeg")

    done = worker.album.answer(index_job(bucket))

    assert [record.person for record in done.face_records] == ["Ada"]


def test_missing_photo_is_missing(worker: Worker) -> None:
    with pytest.raises(ObjectMissing):
        worker.uploads.answer(JOB)
    with pytest.raises(ObjectMissing):
        worker.album.answer(index_job("own"))


def test_photo_over_the_limit_is_not_recognised(worker: Worker) -> None:
    worker.upload(ADA + b"x", "family")
    worker.own_bucket.put("key", ADA + b"x", content_type="image/jpeg")

    with pytest.raises(FileTooLarge):
        worker.uploads.answer(JOB)
    with pytest.raises(FileTooLarge):
        worker.album.answer(index_job("own"))


def test_video_of_a_batch_is_not_fetched_but_one_named_alone_is(worker: Worker) -> None:
    worker.own_bucket.put("clip.mov", ADA, content_type="video/quicktime")
    alone = index_job("own").model_copy(update={"s3_key": "clip.mov"})

    with pytest.raises(UnsupportedImage, match=r"\.mov"):
        worker.album.answer(alone.model_copy(update={"batch_id": new_id()}))
    assert worker.own_bucket.gets == 0

    worker.album.answer(alone)
    assert worker.own_bucket.gets == 1


def test_bucket_that_is_not_allowed_is_not_read(worker: Worker) -> None:
    with pytest.raises(BucketNotAllowed):
        worker.album.answer(index_job("foreign"))


def test_batch_counts_its_photo_once_that_has_a_result(worker: Worker) -> None:
    alone = index_job("own")
    in_batch = alone.model_copy(update={"batch_id": new_id(), "position": 3})

    worker.album.note_outcome(alone, failed(alone.job_id, "A_CODE", "why"), {})
    assert worker.outputs.keys("") == []
    worker.album.note_outcome(in_batch, failed(alone.job_id, "A_CODE", "why"), {})

    assert worker.outputs.keys("") == [batch_mark_key(in_batch.batch_id or "", 3, "failed")]


@pytest.mark.parametrize(("noted", "result"), [(None, "Unknown"), ("5.0", "Ada"), ("0.0", "Ada")])
def test_faces_are_looked_for_from_the_noted_quality_on(
    worker: Worker, noted: str | None, result: str
) -> None:
    worker.inputs.put("key", ADA, content_type="image/jpeg")
    worker.album.answer(index_job("in"))
    notes = {COLLECTION_NOTE: "family"} | ({MIN_QUALITY_NOTE: noted} if noted else {})
    worker.inputs.put(JOB.input_key, POOR_ADA, content_type="image/jpeg", metadata=notes)

    done = worker.uploads.answer(JOB)

    assert isinstance(done, JobDone)
    assert done.result == result
