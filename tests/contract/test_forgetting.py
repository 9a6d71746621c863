"""Forgetting is real: what was erased is in no object of any bucket."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from core.aws.clients import s3_client
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.collections.enrolment import Enroller
from core.collections.enrolment_batching import EnrolmentGroups
from core.collections.erasure import Erasure
from core.collections.identification import FaceIdentifier
from core.collections.people import People
from core.collections.registry import Collections
from core.errors import CollectionNotFound, FaceServiceError, InvalidImage
from core.ground.storage_keys import AUDIT
from core.jobs.batch_records import BatchLists
from core.jobs.index_job import IndexJob, IndexRequest
from core.jobs.photo_sources import PhotoSources
from core.jobs.recognition_job import JobFailed, failed, safe_filename
from core.jobs.results import JobResult, Results
from core.ports import FaceIndex, ObjectStore
from core.settings import Settings
from core.submission.batch_requests import BatchRequests
from core.submission.idempotency import IdempotencyKeys
from core.submission.index_requests import IndexRequests
from core.submission.photo_intake import Intake
from core.submission.uploads import Uploads
from core.testing import MemoryFaceIndex
from core.worker.job_kinds import IndexJobs, JobKind, RecognitionJobs
from harness.localstack import LocalStack
from harness.waiting import wait_until
from tests.support.faces import RecognizerByPhoto, embedding_like_no_other, face, recognition
from tests.support.photos import made_photo
from tests.support.worlds import World, aws_world, memory_world, own_names

IN_BUCKET: Final = "in"
REFRESH_S: Final = 0.5
SETTLE_S: Final = 2.5


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody, and what would give them away."""

    name: str
    vector: NDArray[np.float32]
    photo: bytes

    def traces(self) -> dict[str, bytes]:
        """Return what must be found nowhere; of the photo, its compressed pixels."""
        return {
            "name": self.name.encode(),
            "name of a file": safe_filename(self.name).encode(),
            "name in JSON": self.name.encode("ascii", "backslashreplace"),
            "embedding": self.vector.tobytes(),
            "half of the embedding": self.vector[:64].tobytes(),
            "photo": self.photo[-200:-100],
        }


ADA = Person(
    name="Łucja Ada-Lovelace", vector=embedding_like_no_other(1), photo=made_photo(size=(64, 48))
)
BOB = Person(name="Bob-Ross", vector=embedding_like_no_other(2), photo=made_photo(size=(48, 80)))


@dataclass(frozen=True)
class RawBuckets:
    """The buckets as S3 itself lists them, with whatever versions it keeps."""

    settings: Settings

    def keep_versions(self) -> None:
        for bucket in self.settings.buckets:
            s3_client(self.settings).put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )

    def every_version(self) -> Iterator[tuple[str, bytes]]:
        """Yield every version of every object, and every delete marker with no bytes."""
        s3 = s3_client(self.settings)
        for bucket in self.settings.buckets:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for each in page.get("Versions", []):
                    found = s3.get_object(
                        Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"]
                    )
                    yield each["Key"], found["Body"].read()
                yield from ((each["Key"], b"") for each in page.get("DeleteMarkers", []))


@dataclass(kw_only=True)
class Service:
    """One process of the service; ``another_index`` is what a second process would search."""

    world: World
    index: FaceIndex
    another_index: FaceIndex
    raw: RawBuckets | None = None
    recognizer: RecognizerByPhoto = field(default_factory=RecognizerByPhoto)
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        world, index = self.world, self.index
        self.collections = Collections(world.gallery, index, refresh_s=REFRESH_S)
        self.people = People(
            collections=self.collections, index=index, settle_s=SETTLE_S, sleep=lambda _: None
        )
        sources = PhotoSources(allowed={IN_BUCKET: world.inputs}, max_file_bytes=10_000)
        intake = Intake(
            queue=world.queue, inputs=world.inputs, max_file_bytes=10_000, max_pixels=10_000
        )
        self.index_requests = IndexRequests(
            intake=intake, collections=self.collections, bucket=IN_BUCKET
        )
        self.uploads = Uploads(
            intake=intake,
            keys=IdempotencyKeys(inputs=world.inputs),
            results=Results(world.outputs),
            collections=self.collections,
        )
        self.batch_requests = BatchRequests(
            queue=world.queue,
            outputs=world.outputs,
            sources=sources,
            collections=self.collections,
        )
        self.index_jobs = IndexJobs(
            sources=sources,
            recognizer=self.recognizer,
            enroller=EnrolmentGroups(Enroller(self.collections, index)),
            outputs=world.outputs,
        )
        self.recognition_jobs = RecognitionJobs(
            inputs=world.inputs,
            recognizer=self.recognizer,
            identifier=FaceIdentifier(self.collections, index, max_distance=0.6),
            max_file_bytes=10_000,
        )
        self.erasure = Erasure(
            collections=self.collections,
            people=self.people,
            index=index,
            inputs=world.inputs,
            outputs=world.outputs,
            gallery=world.gallery,
            settle_s=SETTLE_S,
            sleep=self.sleep,
        )

    def enrol(self, person: Person, collection_id: str) -> None:
        self.submit(person, collection_id)
        self.work()

    def submit(self, person: Person, collection_id: str) -> str:
        """Leave a photo of somebody in the queue; return its job's id."""
        self.recognizer.shown[person.photo] = recognition(face(vector=person.vector))
        request = IndexRequest(
            collection_id=collection_id, person=person.name, metadata={"who": person.name}
        )
        return self.index_requests.submit(
            person.photo, f"{person.name} 1.jpg", f"{person.name}.jpg", request
        )

    def enrol_as_batch(self, person: Person, collection_id: str) -> None:
        """Index a photo of the caller's own, whose key names the person."""
        self.submit_as_batch(person, collection_id)
        self.work()
        self.take_away_own_photo(person)

    def submit_as_batch(self, person: Person, collection_id: str) -> str:
        self.recognizer.shown[person.photo] = recognition(face(vector=person.vector))
        key = f"albums/{person.name}/1.jpg"
        self.world.inputs.put(key, person.photo, content_type="image/jpeg")
        request = IndexRequest(collection_id=collection_id, person=person.name)
        return self.batch_requests.submit_keys(None, [key], request)

    def take_away_own_photo(self, person: Person) -> None:
        self.world.inputs.delete(f"albums/{person.name}/1.jpg")

    def recognise(self, person: Person, collection_id: str, key: str = "first") -> JobResult:
        """Have a photo recognised that was uploaded under the person's name."""
        job = self.uploads.submit(
            person.photo,
            f"{person.name}.jpg",
            collection_id=collection_id,
            idempotency_key=f"{key} {person.photo[-4:].hex()}{len(person.photo)}",
        )
        self.work()
        result = self.uploads.status(job.job_id)
        assert result is not None
        return result

    def work(self) -> str:
        """Do what a worker does with the next message; return its body."""
        message = self.world.receive()
        is_index_job = message.body.startswith("{")
        kind: JobKind[Any] = self.index_jobs if is_index_job else self.recognition_jobs
        job = kind.parse(message.body)
        result: JobResult
        try:
            result = kind.answer(job)
        except FaceServiceError as error:
            result = failed(job.job_id, error.code, str(error), collection_id=job.collection_id)
        Results(self.world.outputs).write(result)
        kind.note_outcome(job, result)
        self.world.queue.delete_many([message])
        return message.body

    def ending(self, job_id: str) -> str:
        """Return the code of a job's failure, or "done"."""
        result = Results(self.world.outputs).read(job_id)
        assert result is not None
        return result.error.code if isinstance(result, JobFailed) else result.status

    def names(self, collection_id: str = "family") -> set[str | None]:
        return {face.person for face in self.people.faces(collection_id, limit=10)}

    def nearest(self, index: FaceIndex, gallery_id: str, person: Person) -> list[str | None]:
        """Return who is found at no distance from a person's face."""
        found = index.search(gallery_id, person.vector[np.newaxis], limit=10)[0]
        return [match.person for match in found if match.distance < 0.01]

    def where_found(self, trace: bytes) -> list[str]:
        """Return the objects of all buckets, and galleries in memory, that hold these bytes."""
        found = [f"{key} ({body!r:.80})" for key, body in self._everything() if trace in body]
        return found + [key for key, _ in self._everything() if trace in key.encode()]

    def traces_of(self, person: Person) -> dict[str, list[str]]:
        found = {what: self.where_found(trace) for what, trace in person.traces().items()}
        return {what: where for what, where in found.items() if where}

    def _everything(self) -> Iterator[tuple[str, bytes]]:
        if self.raw is not None:
            yield from self.raw.every_version()
        else:
            for bucket in (self.world.inputs, self.world.outputs, self.world.gallery):
                yield from every_object(bucket)
        if isinstance(self.index, MemoryFaceIndex):
            for faces in self.index.galleries.values():
                for enrolled in faces.values():
                    yield enrolled.face_id, enrolled.embedding.tobytes()
                    yield enrolled.face_id, repr(enrolled).encode()


def every_object(bucket: ObjectStore) -> Iterator[tuple[str, bytes]]:
    after = ""
    while keys := bucket.keys("", after=after):
        for key in keys:
            yield key, bucket.get(key).body
        after = keys[-1]


@pytest.fixture(params=["memory", "localstack", "localstack with versions"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Return a service without anybody, in memory and with LanceDB on LocalStack."""
    if request.param == "memory":
        index = MemoryFaceIndex()
        world = memory_world()
        yield Service(world=world, index=index, another_index=index, sleep=world.let_pass)
        return
    running: LocalStack = request.getfixturevalue("localstack")
    settings = running.settings(gallery_refresh_seconds=REFRESH_S, **own_names())
    indexes = [Shared(settings, Infrastructure.on_aws(settings)).index for _ in range(2)]
    world, raw = aws_world(settings, time.sleep), RawBuckets(settings)
    if request.param == "localstack with versions":
        raw.keep_versions()
    yield Service(world=world, index=indexes[0], another_index=indexes[1], raw=raw)
    for index_on_s3 in indexes:
        index_on_s3.close()


@pytest.fixture
def family(service: Service) -> Service:
    """Return a service that knows Ada and Bob in every way there is."""
    service.collections.create("family")
    for person in (ADA, BOB):
        service.enrol(person, "family")
        service.enrol_as_batch(person, "family")
        assert f'"{person.name}"' in service.recognise(person, "family").model_dump_json()
    return service


def gallery_of(service: Service, collection_id: str = "family") -> str:
    return service.collections.get(collection_id).gallery_id


def test_traces_are_found_as_long_as_nobody_is_erased(family: Service) -> None:
    for person in (ADA, BOB):
        assert {"name", "embedding", "photo"} <= family.traces_of(person).keys()


def test_erased_person_is_in_no_object_of_any_bucket(family: Service) -> None:
    family.erasure.person("family", ADA.name)

    assert family.traces_of(ADA) == {}


def test_the_other_person_is_untouched(family: Service) -> None:
    before = family.traces_of(BOB).keys()

    family.erasure.person("family", ADA.name)

    assert family.traces_of(BOB).keys() == before
    assert {face.person for face in family.people.faces("family", limit=10)} == {BOB.name}
    assert f'"{BOB.name}"' in family.recognise(BOB, "family", key="again").model_dump_json()


def test_person_is_no_longer_found_by_any_process(family: Service) -> None:
    gallery_id = gallery_of(family)
    for index in (family.index, family.another_index):
        assert set(family.nearest(index, gallery_id, ADA)) == {ADA.name}

    family.erasure.person("family", ADA.name)

    for index in (family.index, family.another_index):
        wait_until(
            lambda index=index: family.nearest(index, gallery_id, ADA) == [],  # type: ignore[misc]
            seconds=SETTLE_S,
            what="the refresh of a process",
        )
        assert set(family.nearest(index, gallery_id, BOB)) == {BOB.name}


def test_audit_record_stays_and_tells_how_much_was_erased(family: Service) -> None:
    family.erasure.person("family", ADA.name)

    (key,) = family.world.gallery.keys(AUDIT)
    record = json.loads(family.world.gallery.get(key).body)
    assert datetime.fromisoformat(record.pop("erased_at")).tzinfo is not None
    assert record == {"erased": "person", "collection_id": "family", "faces": 2, "jobs": 3}


def test_erased_collection_is_in_no_object_of_any_bucket(family: Service) -> None:
    family.collections.create("work")
    family.enrol(BOB, "work")

    gallery_id = gallery_of(family)

    family.erasure.collection("family")

    assert family.traces_of(ADA) == {}
    assert family.where_found(gallery_id.encode()) == []
    assert {face.person for face in family.people.faces("work", limit=10)} == {BOB.name}
    assert len(family.world.gallery.keys(AUDIT)) == 1
    with pytest.raises(CollectionNotFound):
        gallery_of(family)


def test_erased_collection_is_no_longer_searched_by_any_process(family: Service) -> None:
    gallery_id = gallery_of(family)
    family.nearest(family.another_index, gallery_id, ADA)

    family.erasure.collection("family")

    for index in (family.index, family.another_index):
        wait_until(
            lambda index=index: is_gone(family, index, gallery_id),  # type: ignore[misc]
            seconds=SETTLE_S,
            what="the refresh of a process",
        )
        with pytest.raises(CollectionNotFound):
            family.nearest(index, gallery_id, ADA)


def is_gone(service: Service, index: FaceIndex, gallery_id: str) -> bool:
    try:
        service.nearest(index, gallery_id, ADA)
    except CollectionNotFound:
        return True
    return False


def test_erased_face_is_in_no_object_of_any_bucket(service: Service) -> None:
    service.collections.create("family")
    service.enrol(ADA, "family")
    service.enrol(BOB, "family")
    (enrolled,) = service.people.faces_of("family", ADA.name)

    service.erasure.face("family", enrolled.face_id)

    assert service.traces_of(ADA) == {}
    assert {"name", "embedding", "photo"} <= service.traces_of(BOB).keys()


def test_batch_of_an_erased_person_still_counts_its_photos(family: Service) -> None:
    lists = BatchLists(outputs=family.world.outputs)
    batch_ids = {key.split("/")[1] for key in family.world.outputs.keys("batches/")}

    family.erasure.person("family", ADA.name)

    assert all(lists.read(batch_id) for batch_id in batch_ids)
    assert [family.batch_requests.status(batch_id, limit=1).done for batch_id in batch_ids] == [
        1,
        1,
    ]


def test_photos_that_wait_in_the_queue_are_not_enrolled_once_their_person_is_erased(
    family: Service,
) -> None:
    waiting = family.submit(ADA, "family")
    batch_id = family.submit_as_batch(ADA, "family")

    family.erasure.person("family", ADA.name)

    assert family.ending(waiting) == "ERASED"
    bodies = [family.work() for _ in range(2)]
    assert family.names() == {BOB.name}
    status = family.batch_requests.status(batch_id, limit=1)
    assert [outcome.error and outcome.error.code for outcome in status.outcomes] == ["ERASED"]
    assert len(bodies) == 2
    family.take_away_own_photo(ADA)
    assert family.traces_of(ADA) == {}


def test_person_who_was_not_enrolled_yet_is_erased_from_the_queue(service: Service) -> None:
    service.collections.create("family")
    waiting = service.submit(ADA, "family")

    service.erasure.person("family", ADA.name)

    assert service.ending(waiting) == "ERASED"
    service.work()
    assert service.names() == set()
    assert service.traces_of(ADA) == {}


@pytest.mark.parametrize("what", ["person", "face", "collection"])
def test_message_that_is_delivered_again_after_an_erasure_enrols_nobody(
    service: Service, what: str
) -> None:
    service.collections.create("family")
    service.submit_as_batch(ADA, "family")
    body = service.work()
    (enrolled,) = service.people.faces_of("family", ADA.name)
    if what == "person":
        service.erasure.person("family", ADA.name)
    elif what == "face":
        service.erasure.face("family", enrolled.face_id)
    else:
        service.erasure.collection("family")
        service.collections.create("family")

    service.world.queue.send(body)  # as a redrive of dead letters does, perhaps days later
    service.work()

    assert service.ending(IndexJob.from_body(body).job_id) == "ERASED"
    assert service.names() == set()
    service.take_away_own_photo(ADA)
    assert service.traces_of(ADA) == {}


@pytest.mark.parametrize("what", ["person", "face", "collection"])
def test_erased_person_can_be_enrolled_again_at_once(service: Service, what: str) -> None:
    service.collections.create("family")
    service.enrol(ADA, "family")
    (enrolled,) = service.people.faces_of("family", ADA.name)
    if what == "person":
        service.erasure.person("family", ADA.name)
    elif what == "face":
        service.erasure.face("family", enrolled.face_id)
    else:
        service.erasure.collection("family")
        service.collections.create("family")

    service.enrol(ADA, "family")
    assert service.names() == {ADA.name}
    service.enrol_as_batch(ADA, "family")
    assert len(service.people.faces_of("family", ADA.name)) == 2


def test_photos_under_a_former_name_go_with_whoever_bears_the_new_one(family: Service) -> None:
    waiting = family.submit(ADA, "family")
    family.submit_as_batch(ADA, "family")
    family.people.rename("family", ADA.name, "Ada King")

    family.erasure.person("family", "Ada King")

    assert family.ending(waiting) == "ERASED"
    for _ in range(2):
        family.work()
    assert family.names() == {BOB.name}
    family.take_away_own_photo(ADA)
    traces = family.traces_of(replace(ADA, name="Ada King"))
    assert traces == {}
    assert family.traces_of(ADA) == {}


def test_photo_of_a_job_that_failed_goes_with_its_person(service: Service) -> None:
    service.collections.create("family")
    service.submit(ADA, "family")
    service.recognizer.shown[ADA.photo] = InvalidImage("damaged")
    service.work()
    assert service.traces_of(ADA) != {}

    service.erasure.person("family", ADA.name)

    assert service.traces_of(ADA) == {}


def test_photos_that_wait_or_failed_go_with_their_collection(service: Service) -> None:
    service.collections.create("family")
    service.enrol(BOB, "family")
    service.submit(ADA, "family")
    service.submit_as_batch(BOB, "family")
    upload = service.uploads.submit(ADA.photo, f"{ADA.name}.jpg", collection_id="family")
    service.recognizer.shown[ADA.photo] = InvalidImage("damaged")
    service.work()

    service.erasure.collection("family")

    service.take_away_own_photo(BOB)
    assert {**service.traces_of(ADA), **service.traces_of(BOB)} == {}
    assert service.ending(upload.job_id) == "ERASED"
    for _ in range(2):
        service.work()
    assert service.ending(upload.job_id) == "ERASED"
    assert {**service.traces_of(ADA), **service.traces_of(BOB)} == {}


def test_photo_that_reaches_a_collection_after_its_erasure_goes_too(service: Service) -> None:
    service.collections.create("family")
    service.submit(ADA, "family")
    service.collections.delete_record(service.collections.begin_erasure("family"))

    service.work()

    assert service.traces_of(ADA) == {}
