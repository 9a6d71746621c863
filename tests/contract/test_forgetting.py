"""Forgetting is real: what was erased is in no object of any bucket."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from core.access.audit_trail import AuditRecord
from core.aws.clients import s3_client
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.web import build_web
from core.bootstrap.worker import build_worker
from core.collections.person_notes import ConsentNote
from core.errors import CollectionNotFound, InvalidImage
from core.gallery.changes import Watch
from core.ground.realms import WHOLE
from core.ground.storage_keys import AUDIT
from core.home.bucket import make_bucket
from core.jobs.batch_records import BatchLists
from core.jobs.index_job import IndexJob, IndexRequest
from core.jobs.recognition_job import JobFailed
from core.jobs.results import JobResult, Results
from core.ports import Bucket, FaceIndex
from core.settings import Settings
from core.testing import MemoryFaceIndex
from core.worker.outcomes import Outcome
from harness.localstack import LocalStack
from harness.waiting import wait_until
from tests.support.backends import home_settings, own_names
from tests.support.faces import RecognizerByPhoto, face, recognition
from tests.support.infrastructure import (
    MemoryInfrastructure,
    localstack_infrastructure,
    with_recognizer,
)
from tests.support.services.traces import (
    ADA,
    BOB,
    Person,
    RawBuckets,
    RawFolder,
    every_object,
    holding,
)

OPTIONS: Final[dict[str, Any]] = {
    "allowed_buckets": ("photos-of-the-caller",),
    "gallery_refresh_seconds": 0.1,
    "worker_processes": 1,
}
KNOWN_S: Final = 2.5
"""So soon every process knows of an erasure."""


@dataclass(kw_only=True)
class Service:
    """A web process and a worker, each with an index of its own."""

    settings: Settings
    infrastructure: Infrastructure
    recognizer: RecognizerByPhoto
    let_pass: Callable[[float], None]
    raw: RawBuckets | RawFolder | None = None
    indexes: list[FaceIndex] = field(default_factory=list)

    def __post_init__(self) -> None:
        infrastructure = replace(self.infrastructure, index=self._index)
        web = build_web(self.settings, infrastructure).of(WHOLE)
        self.uploads = web.uploads
        self.index_requests, self.batch_requests = web.index_requests, web.batch_requests
        self.batches = web.batches
        self.collections, self.people, self.erasure = web.collections, web.people, web.erasure
        self.consents = web.consents
        self.worker = build_worker(self.settings, infrastructure).worker
        self.inputs, self.outputs, self.gallery = (
            infrastructure.bucket(name) for name in self.settings.buckets
        )
        self.own_photos = infrastructure.bucket(self.settings.allowed_buckets[0])
        self.index_queue = infrastructure.queue(self.settings.sqs_index_queue_name)

    def _index(self, watch: Watch, bucket: Bucket) -> FaceIndex:
        self.indexes.append(self.infrastructure.index(watch, bucket))
        return self.indexes[-1]

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

    def consent(self, person: Person, collection_id: str) -> None:
        """Note what a person agreed to, in words that name the person."""
        note = ConsentNote(text=f"{person.name} agrees", date=date(2026, 4, 1), source=person.name)
        self.consents.set(collection_id, person.name, note)

    def enrol_as_batch(self, person: Person, collection_id: str) -> None:
        """Index a photo of the caller's own, whose key names the person."""
        self.submit_as_batch(person, collection_id)
        self.work()

    def submit_as_batch(self, person: Person, collection_id: str) -> str:
        self.recognizer.shown[person.photo] = recognition(face(vector=person.vector))
        key = f"albums/{person.name}/1.jpg"
        self.own_photos.put(key, person.photo, content_type="image/jpeg")
        request = IndexRequest(collection_id=collection_id, person=person.name)
        return self.batch_requests.submit_keys(None, [key], request)

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

    def work(self, jobs: int = 1) -> None:
        """Let the worker handle the messages of so many jobs."""
        outcomes: list[Outcome] = []
        for _ in range(100):
            outcomes += self.worker.run_once()
            if len(outcomes) >= jobs:
                break
            self.let_pass(0.1)
        assert len(outcomes) == jobs

    def ending(self, job_id: str) -> str:
        """Return the code of a job's failure, or "done"."""
        result = Results(self.outputs).read(job_id)
        assert result is not None
        return result.error.code if isinstance(result, JobFailed) else result.status

    def names(self, collection_id: str = "family") -> set[str | None]:
        return {face.person for face in self.people.faces(collection_id, limit=10)}

    def nearest(self, index: FaceIndex, gallery_id: str, person: Person) -> list[str | None]:
        """Return who is found at no distance from a person's face."""
        found = index.search(gallery_id, person.vector[np.newaxis], limit=10)[0]
        return [match.person for match in found if match.distance < 0.01]

    def traces_of(self, person: Person) -> dict[str, list[str]]:
        """Return the objects of all buckets, and galleries in memory, that hold a trace."""
        everything = list(self.everything())
        found = {what: holding(everything, trace) for what, trace in person.traces().items()}
        return {what: where for what, where in found.items() if where}

    def everything(self) -> Iterator[tuple[str, bytes]]:
        if self.raw is not None:
            yield from self.raw.every_version()
        else:
            for bucket in (self.inputs, self.outputs, self.gallery):
                yield from every_object(bucket)
        if isinstance(self.indexes[0], MemoryFaceIndex):
            for faces in self.indexes[0].galleries.values():
                for enrolled in faces.values():
                    yield enrolled.face_id, enrolled.embedding.tobytes()
                    yield enrolled.face_id, repr(enrolled).encode()


VERSIONED: Final = "localstack with versions"
EVERYWHERE: Final = pytest.mark.parametrize(
    "service", ["memory", "home", "localstack", VERSIONED], indirect=True
)
"""For tests whose facts depend on whether the buckets keep versions."""


@pytest.fixture(params=["memory", "home", VERSIONED])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """Return a service without anybody: in memory, and with LanceDB in a folder and on LocalStack.

    Its buckets there keep versions: what must be found nowhere lies in more places then.
    """
    recognizer = RecognizerByPhoto()
    if request.param == "memory":
        settings = Settings(_env_file=None, **OPTIONS)
        memory = MemoryInfrastructure(settings=settings, recognizer=recognizer)
        yield Service(
            settings=settings,
            infrastructure=memory.joined(),
            recognizer=recognizer,
            let_pass=memory.clock.advance,
        )
        return
    if request.param == "home":
        yield from service_at_home(tmp_path / "home", recognizer)
        return
    running: LocalStack = request.getfixturevalue("localstack")
    settings = running.settings(**OPTIONS, **own_names())
    infrastructure = localstack_infrastructure(settings, recognizer)
    s3_client(settings).create_bucket(Bucket=settings.allowed_buckets[0])
    raw = RawBuckets(settings)
    if request.param == VERSIONED:
        raw.keep_versions()
    service = Service(
        settings=settings,
        infrastructure=infrastructure,
        recognizer=recognizer,
        let_pass=time.sleep,
        raw=raw,
    )
    yield service
    for index in service.indexes:
        index.close()


def service_at_home(folder: Path, recognizer: RecognizerByPhoto) -> Iterator[Service]:
    settings = home_settings(folder, **OPTIONS)
    infrastructure = Infrastructure.on_this_machine(settings)
    make_bucket(folder / settings.allowed_buckets[0])
    service = Service(
        settings=settings,
        infrastructure=with_recognizer(infrastructure, recognizer),
        recognizer=recognizer,
        let_pass=time.sleep,
        raw=RawFolder(folder, settings),
    )
    yield service
    for index in service.indexes:
        index.close()


@pytest.fixture
def family(service: Service) -> Service:
    """Return a service that knows Ada and Bob in every way there is."""
    service.collections.create("family")
    for person in (ADA, BOB):
        service.enrol(person, "family")
        service.enrol_as_batch(person, "family")
        assert f'"{person.name}"' in service.recognise(person, "family").model_dump_json()
        service.consent(person, "family")
    return service


def erasures_of(service: Service) -> list[str]:
    """Return the keys of the audit records of erasures."""
    keys = service.gallery.keys(AUDIT)
    return [key for key in keys if b'"erase_' in service.gallery.get(key).body]


def gallery_of(service: Service, collection_id: str = "family") -> str:
    return service.collections.get(collection_id).gallery_id


def test_traces_are_found_as_long_as_nobody_is_erased(family: Service) -> None:
    for person in (ADA, BOB):
        assert {"name", "embedding", "photo", "picture"} <= family.traces_of(person).keys()


@EVERYWHERE
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
    for index in family.indexes:
        assert set(family.nearest(index, gallery_id, ADA)) == {ADA.name}

    family.erasure.person("family", ADA.name)

    for index in family.indexes:
        wait_until(
            lambda index=index: family.nearest(index, gallery_id, ADA) == [],  # type: ignore[misc]
            seconds=KNOWN_S,
            what="the refresh of a process",
        )
        assert set(family.nearest(index, gallery_id, BOB)) == {BOB.name}


def test_audit_record_stays_and_tells_how_much_was_erased(family: Service) -> None:
    family.erasure.person("family", ADA.name)

    key = family.gallery.keys(AUDIT)[-1]
    record = AuditRecord.model_validate_json(family.gallery.get(key).body)
    assert record.action == "erase_person"
    assert record.is_complete
    assert record.counts == {
        "faces": 2, "jobs": 3, "photos": 2, "results": 3, "batches": 1, "consents": 1,
        "unknown_faces": 0,
    }  # fmt: skip


@EVERYWHERE
def test_erased_collection_is_in_no_object_of_any_bucket(family: Service) -> None:
    family.collections.create("work")
    family.enrol(BOB, "work")

    gallery_id = gallery_of(family)

    family.erasure.collection("family")

    assert family.traces_of(ADA) == {}
    assert holding(family.everything(), gallery_id.encode()) == []
    assert {face.person for face in family.people.faces("work", limit=10)} == {BOB.name}
    assert len(erasures_of(family)) == 1
    with pytest.raises(CollectionNotFound):
        gallery_of(family)


def test_erased_collection_is_no_longer_searched_by_any_process(family: Service) -> None:
    gallery_id = gallery_of(family)
    family.nearest(family.indexes[1], gallery_id, ADA)

    family.erasure.collection("family")

    for index in family.indexes:
        wait_until(
            lambda index=index: is_gone(family, index, gallery_id),  # type: ignore[misc]
            seconds=KNOWN_S,
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


@EVERYWHERE
def test_erased_face_is_in_no_object_of_any_bucket(service: Service) -> None:
    service.collections.create("family")
    service.enrol(ADA, "family")
    service.enrol(BOB, "family")
    service.consent(ADA, "family")
    (enrolled,) = service.people.faces_of("family", ADA.name)

    service.erasure.face("family", enrolled.face_id)

    assert service.traces_of(ADA) == {}
    assert holding(service.everything(), enrolled.face_id.encode()) == []
    assert {"name", "embedding", "photo", "picture"} <= service.traces_of(BOB).keys()


def test_batch_of_an_erased_person_still_counts_its_photos(family: Service) -> None:
    lists = BatchLists(outputs=family.outputs)
    batch_ids = {key.split("/")[1] for key in family.outputs.keys("batches/")}

    family.erasure.person("family", ADA.name)

    assert all(lists.read(batch_id) for batch_id in batch_ids)
    assert [family.batches.status(batch_id, limit=1).done for batch_id in batch_ids] == [
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
    family.work(2)
    assert family.names() == {BOB.name}
    status = family.batches.status(batch_id, limit=1)
    assert [outcome.error and outcome.error.code for outcome in status.outcomes] == ["ERASED"]
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
    (message,) = service.index_queue.receive(limit=1, wait_s=1, visibility_s=0)
    service.work()
    (enrolled,) = service.people.faces_of("family", ADA.name)
    if what == "person":
        service.erasure.person("family", ADA.name)
    elif what == "face":
        service.erasure.face("family", enrolled.face_id)
    else:
        service.erasure.collection("family")
        service.collections.create("family")

    service.index_queue.send(message.body)  # as a redrive of dead letters does, perhaps days later
    service.work()

    assert service.ending(IndexJob.from_body(message.body).job_id) == "ERASED"
    assert service.names() == set()
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
    family.work(2)
    assert family.names() == {BOB.name}
    traces = family.traces_of(replace(ADA, name="Ada King"))
    assert traces == {}
    assert family.traces_of(ADA) == {}


def test_photo_that_waits_while_its_face_is_reassigned_brings_no_former_name_back(
    service: Service,
) -> None:
    service.collections.create("family")
    service.enrol(ADA, "family")
    (enrolled,) = service.people.faces_of("family", ADA.name)
    service.submit(ADA, "family")

    service.people.reassign("family", enrolled.face_id, BOB.name)

    service.work()
    assert service.names() == {BOB.name}
    service.erasure.person("family", BOB.name)
    assert service.traces_of(BOB) == {}


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
    service.recognizer.shown[ADA.photo] = InvalidImage("damaged")
    service.work()
    service.submit_as_batch(BOB, "family")
    upload = service.uploads.submit(ADA.photo, f"{ADA.name}.jpg", collection_id="family")

    service.erasure.collection("family")

    assert {**service.traces_of(ADA), **service.traces_of(BOB)} == {}
    assert service.ending(upload.job_id) == "ERASED"
    service.work(2)
    assert service.ending(upload.job_id) == "ERASED"
    assert {**service.traces_of(ADA), **service.traces_of(BOB)} == {}


def test_photo_that_reaches_a_collection_after_its_erasure_goes_too(service: Service) -> None:
    service.collections.create("family")
    service.submit(ADA, "family")
    service.collections.delete_record(service.collections.begin_erasure("family"))

    service.work()

    assert service.traces_of(ADA) == {}


def test_consent_note_of_a_person_who_was_renamed_goes_too(family: Service) -> None:
    family.people.rename("family", ADA.name, "Ada King")
    assert family.consents.of("family", "Ada King") is not None

    family.erasure.person("family", "Ada King")

    assert family.traces_of(ADA) == {}
