"""Many photos indexed as one batch."""

import pytest

from core.bootstrap.use_cases.requests import build_batch_requests, build_batches
from core.errors import (
    BatchNotFound,
    BucketNotAllowed,
    BucketNotFound,
    CollectionNotFound,
    InvalidRequest,
    QueueUnavailable,
)
from core.faces.results import Model
from core.ground.ids import new_id
from core.jobs.batch_records import ERASED, BatchLists, note_outcome
from core.jobs.index_job import FaceRecord, IndexDone, IndexJob, IndexRequest, UnindexedFace
from core.jobs.recognition_job import DetectedFace, Failure, ImageSize, failed
from core.jobs.results import JobResult, Results
from core.settings import Settings
from core.submission.batch_requests import MAX_KEYS, MAX_PREFIX_KEYS
from tests.support.faces import face
from tests.support.infrastructure import MemoryInfrastructure

REQUEST = IndexRequest(collection_id="family", person="Ada", metadata={"album": "summer"})
SETTINGS = Settings(_env_file=None, allowed_buckets=("own",))
FOUND = DetectedFace.of(face())


class Service:
    def __init__(self) -> None:
        memory = MemoryInfrastructure(settings=SETTINGS)
        self.outputs = memory.bucket(SETTINGS.s3_out_bucket)
        self.own = memory.bucket("own")
        self.queue = memory.queue(SETTINGS.sqs_index_queue_name)
        shared = memory.shared()
        shared.collections.create("family")
        self.batch_requests = build_batch_requests(shared)
        self.batches = build_batches(shared)

    def submit(self, *keys: str) -> str:
        return self.batch_requests.submit_keys("own", keys, REQUEST)

    def put_photos(self, *keys: str) -> None:
        self.own.objects |= dict.fromkeys(keys, b"a photo")

    def jobs(self) -> list[IndexJob]:
        return [IndexJob.from_body(body) for body in self.queue.bodies]

    def end(self, job: IndexJob, result: JobResult) -> None:
        """Do what a worker does with a result."""
        Results(self.outputs).write(result)
        note_outcome(self.outputs, job, result)


@pytest.fixture
def service() -> Service:
    return Service()


def done(job: IndexJob, *, faces: int = 1, unindexed: int = 0) -> IndexDone:
    return IndexDone(
        job_id=job.job_id,
        collection_id=job.collection_id,
        image_id=job.image_id,
        face_records=[FaceRecord(face_id="1", person=None, face=FOUND)] * faces,
        unindexed_faces=[UnindexedFace(reason="EXCEEDS_MAX_FACES", face=FOUND)] * unindexed,
        image=ImageSize(width=1, height=1),
        model=Model(name="m", version="1"),
    )


def test_each_key_is_a_job_that_says_what_the_caller_said(service: Service) -> None:
    batch_id = service.submit("b.jpg", "a.jpg")

    first, second = service.jobs()
    assert first == IndexJob(
        **dict(REQUEST),
        job_id=first.job_id,
        image_id="b.jpg",
        s3_bucket="own",
        s3_key="b.jpg",
        batch_id=batch_id,
        position=0,
        accepted_at=service.outputs.now(),
    )
    assert (second.s3_key, second.position) == ("a.jpg", 1)


def test_only_allowed_bucket_need_not_be_named(service: Service) -> None:
    service.batch_requests.submit_keys(None, ["a.jpg"], REQUEST)

    assert [job.s3_bucket for job in service.jobs()] == ["own"]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ([], "0 keys"),
        ([str(number) for number in range(MAX_KEYS + 1)], "1001 keys"),
        (["a", "b", "a"], "twice"),
        ([""], "1 to 1024 bytes"),
        (["ä" * 513], "1 to 1024 bytes"),
        (["a\nb"], "control"),
        (["a\ufffeb"], "control"),
    ],
)
def test_keys_that_can_not_be_indexed_are_refused(
    service: Service, keys: list[str], problem: str
) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        service.submit(*keys)

    assert not service.queue.bodies
    assert not service.outputs.objects


def test_limits_are_inclusive(service: Service) -> None:
    service.submit("ä" * 512, *(str(number) for number in range(MAX_KEYS - 1)))

    assert len(service.queue.bodies) == MAX_KEYS


@pytest.mark.parametrize(
    "key", ["nb\xa0sp.jpg", "Screenshot 9.41\u202fAM.png", "x" * 900, "a\u200fb.jpg", "zwj\u200d"]
)
def test_key_with_odd_spaces_or_many_characters_is_a_photo_like_any_other(
    service: Service, key: str
) -> None:
    service.put_photos(key)

    service.batch_requests.submit_prefix(None, "", REQUEST)

    (job,) = service.jobs()
    assert (job.s3_key, job.image_id) == (key, key)


def test_odd_key_of_a_prefix_fails_alone(service: Service) -> None:
    service.put_photos("a.jpg", "b\x01.jpg", "c.jpg", "d\uffff")

    batch_id = service.batch_requests.submit_prefix(None, "", REQUEST)

    assert [job.s3_key for job in service.jobs()] == ["a.jpg", "c.jpg"]
    status = service.batches.status(batch_id, limit=10)
    assert (status.total, status.failed, status.pending) == (4, 2, 2)
    odd = [outcome for outcome in status.outcomes if outcome.status == "failed"]
    assert [outcome.image_id for outcome in odd] == ["b\x01.jpg", "d\uffff"]
    assert {outcome.error.code for outcome in odd if outcome.error} == {"INVALID_REQUEST"}


def test_unknown_bucket_and_collection_are_refused(service: Service) -> None:
    with pytest.raises(BucketNotAllowed):
        service.batch_requests.submit_keys("foreign", ["a"], REQUEST)
    with pytest.raises(BucketNotAllowed):
        service.batch_requests.submit_prefix("foreign", "a", REQUEST)
    with pytest.raises(CollectionNotFound):
        service.batch_requests.submit_keys(
            "own", ["a"], REQUEST.model_copy(update={"collection_id": "nobody-made-it"})
        )

    assert not service.queue.bodies


def test_prefix_in_a_bucket_that_does_not_exist_is_refused(service: Service) -> None:
    service.own.exists = False

    with pytest.raises(BucketNotFound, match="'own'"):
        service.batch_requests.submit_prefix("own", "a", REQUEST)


def test_batch_is_known_before_its_first_message(service: Service) -> None:
    service.queue.available = False

    with pytest.raises(QueueUnavailable):
        service.submit("a.jpg")

    kinds = sorted(key.partition("/")[0] for key in service.outputs.objects)
    assert kinds == ["batches", "batches-by-time"]


def test_prefix_means_every_key_that_begins_so_but_no_folder(service: Service) -> None:
    service.put_photos("2023/a", "2024/", "2024/a", "2024/b", "2024/b/", "2025/a")

    service.batch_requests.submit_prefix("own", "2024/", REQUEST)

    assert [job.image_id for job in service.jobs()] == ["2024/a", "2024/b"]


def test_prefix_of_thousands_of_keys_is_read_to_its_end(service: Service) -> None:
    service.put_photos(*(f"{number:05}" for number in range(MAX_PREFIX_KEYS)), "0/")

    service.batch_requests.submit_prefix("own", "", REQUEST)

    assert len({job.image_id for job in service.jobs()}) == MAX_PREFIX_KEYS


def test_prefix_of_too_many_keys_is_refused_whatever_folders_are_among_them(
    service: Service,
) -> None:
    service.put_photos(*(f"{number:05}" for number in range(MAX_PREFIX_KEYS + 1)), "0/")

    with pytest.raises(InvalidRequest, match="10000"):
        service.batch_requests.submit_prefix("own", "", REQUEST)


@pytest.mark.parametrize("keys", [[], ["album/"]])
def test_prefix_without_photos_is_refused(service: Service, keys: list[str]) -> None:
    service.put_photos(*keys)

    with pytest.raises(InvalidRequest, match="no key"):
        service.batch_requests.submit_prefix("own", "album", REQUEST)


def test_status_counts_what_ended_and_tells_of_each_photo(service: Service) -> None:
    batch_id = service.submit("a.jpg", "b.jpg", "c.jpg")
    first, second, _ = service.jobs()
    service.end(first, done(first, faces=2, unindexed=1))
    service.end(second, failed(second.job_id, "INVALID_IMAGE", "damaged"))

    status = service.batches.status(batch_id, limit=10)

    assert (status.total, status.done, status.failed, status.pending) == (3, 1, 1, 1)
    assert [outcome.status for outcome in status.outcomes] == ["done", "failed", "pending"]
    assert [outcome.image_id for outcome in status.outcomes] == ["a.jpg", "b.jpg", "c.jpg"]
    assert (status.outcomes[0].faces, status.outcomes[0].unindexed) == (2, 1)
    assert status.outcomes[1].error == Failure(code="INVALID_IMAGE", message="damaged")


def test_job_that_is_settled_twice_counts_once(service: Service) -> None:
    batch_id = service.submit("a.jpg")
    (job,) = service.jobs()
    service.end(job, done(job))
    service.end(job, done(job))

    status = service.batches.status(batch_id, limit=10)

    assert (status.done, status.pending) == (1, 0)


def test_pages_tell_of_every_photo_once(service: Service) -> None:
    keys = [f"{number}.jpg" for number in range(5)]
    batch_id = service.submit(*keys)

    pages = [service.batches.status(batch_id, limit=2, start=n) for n in (0, 2, 4, 5)]

    assert [[outcome.image_id for outcome in page.outcomes] for page in pages] == [
        keys[:2],
        keys[2:4],
        keys[4:],
        [],
    ]
    assert {page.total for page in pages} == {5}


@pytest.mark.parametrize("batch_id", ["x", "../a", "601ce8c1-caa1-4e3b-a83b-11defc935cc8"])
def test_unknown_batch_is_not_found(service: Service, batch_id: str) -> None:
    with pytest.raises(BatchNotFound):
        service.batches.status(batch_id, limit=1)


def test_batch_of_more_photos_than_one_listing_holds_is_counted(service: Service) -> None:
    service.put_photos(*(f"{number:05}" for number in range(2_500)))
    batch_id = service.batch_requests.submit_prefix("own", "", REQUEST)
    for job in service.jobs():
        note_outcome(service.outputs, job, failed(job.job_id, "A_CODE", "a reason"))

    assert service.batches.status(batch_id, limit=1).failed == 2_500


def test_job_without_a_batch_leaves_no_mark(service: Service) -> None:
    job = IndexJob(
        collection_id="family", job_id=new_id(), image_id="a", s3_bucket="own", s3_key="a"
    )

    note_outcome(service.outputs, job, done(job))

    assert not service.outputs.objects


def test_erased_photo_is_counted_and_no_longer_named(service: Service) -> None:
    batches = [service.submit("Ada/1.jpg", "Bob/1.jpg") for _ in range(3)]
    adas = [job for job in service.jobs() if job.image_id == "Ada/1.jpg"]
    for job in adas:
        service.end(job, done(job))

    BatchLists(outputs=service.outputs).erase_photos({job.job_id for job in adas})

    for batch_id in batches:
        status = service.batches.status(batch_id, limit=10)
        assert (status.done, status.pending) == (1, 1)
        assert [outcome.image_id for outcome in status.outcomes] == [ERASED, "Bob/1.jpg"]


def test_batches_of_an_erased_collection_are_gone_and_no_others(service: Service) -> None:
    gone, kept = service.submit("a.jpg"), service.submit("b.jpg")
    other = BatchLists(outputs=service.outputs).read(kept)
    assert other is not None
    BatchLists(outputs=service.outputs).write(other.model_copy(update={"collection_id": "other"}))
    for job in service.jobs():
        service.end(job, done(job))

    BatchLists(outputs=service.outputs).erase_collection("family")

    assert not service.outputs.keys(f"batches/{gone}/")
    assert service.batches.status(kept, limit=1).done == 1
