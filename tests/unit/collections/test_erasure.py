"""What is erased with a face, a person or a collection, and what stays."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_enroller
from core.bootstrap.use_cases.erasing import build_erasure
from core.bootstrap.use_cases.requests import build_batch_requests
from core.bootstrap.use_cases.searching import build_identifier
from core.collections.erasing.erasure import Erasure
from core.collections.erasing.traces import Traces
from core.collections.erasing.whom import Whom
from core.errors import CollectionNotFound, FaceNotFound, PersonNotFound, StorageUnavailable
from core.gallery.changes import StoredChanges
from core.ground.ids import new_id
from core.ground.realms import WHOLE
from core.ground.storage_keys import AUDIT, MARKERS
from core.jobs.batch_records import Batch, BatchLists, note_outcome
from core.jobs.index_job import IndexDone, IndexJob, IndexRequest
from core.jobs.recognition_job import (
    COLLECTION_NOTE,
    PERSON_NOTE,
    Job,
    JobDone,
    failed,
    noted_person,
)
from core.jobs.results import Results
from core.settings import Settings
from core.testing import MemoryFaceIndex, ScriptedRecognizer
from tests.support.adversary import Process, Trouble
from tests.support.faces import enrolled, face, recognition
from tests.support.indexes import stored_as
from tests.support.infrastructure import MemoryInfrastructure

SETTINGS = Settings(_env_file=None, allowed_buckets=("album",))


class Service:
    """A process that enrols, names and erases, and whose pauses are noted."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []
        self.index = MemoryFaceIndex()
        self.memory = MemoryInfrastructure(
            settings=SETTINGS,
            recognizer=ScriptedRecognizer(),
            index=self.index,
            sleep=self.slept_s.append,
        )
        self.inputs, self.outputs, self.gallery = map(self.memory.bucket, SETTINGS.buckets)
        self.shared = self.another_process()
        self.collections, self.people = self.shared.collections, self.shared.people
        self.erasure = build_erasure(self.shared)
        self.collections.create("family")

    def another_process(self) -> Shared:
        return Shared(SETTINGS, self.memory.joined())

    def erasure_by(self, process: Process) -> Erasure:
        erasure = build_erasure(self.another_process())
        outputs = process.store(self.outputs)
        traces = replace(
            erasure.holdings.traces, inputs=process.store(self.inputs), outputs=outputs
        )
        holdings = replace(erasure.holdings, traces=traces)
        return replace(erasure, holdings=holdings, outputs=outputs)

    def enrol(
        self,
        person: str | None,
        position: float,
        *,
        collection_id: str = "family",
        image_id: str | None = None,
    ) -> str:
        """Enrol a face by a job of an uploaded photo; return the job's id."""
        job = IndexJob(
            collection_id=collection_id,
            person=person,
            job_id=new_id(),
            image_id=image_id or f"{person} {position}",
            s3_bucket="in",
            s3_key="unused",
        )
        self.upload(job.job_id)
        done = build_enroller(self.shared).enrol(job, recognition(face(position)))
        Results(self.outputs).write(done)
        return job.job_id

    def recognise(self, position: float, *, collection_id: str = "family") -> str:
        """Name the face of an uploaded photo; return the job's id."""
        job = Job.new("photo.jpg")
        self.upload(job.job_id)
        done = build_identifier(self.shared).identify(
            job.job_id, collection_id, recognition(face(position))
        )
        Results(self.outputs).write(done)
        return job.job_id

    def fail(self) -> str:
        job = Job.new("photo.jpg")
        self.upload(job.job_id)
        Results(self.outputs).write(failed(job.job_id, "INVALID_IMAGE", "damaged"))
        return job.job_id

    def upload(self, job_id: str, **notes: str) -> None:
        key = f"{job_id}_photo.jpg"
        self.inputs.put(key, b"a photo", content_type="image/jpeg", metadata=notes)

    def jobs(self) -> set[str]:
        """Return the jobs of which there is still a photo or a result."""
        return {key.partition("_")[0] for key in (*self.inputs.objects, *self.outputs.objects)}

    def names(self, collection_id: str = "family") -> list[str | None]:
        return [face.person for face in self.people.faces(collection_id, limit=100)]

    def audit(self) -> Iterator[dict[str, Any]]:
        for key in self.gallery.keys(AUDIT):
            yield json.loads(self.gallery.get(key).body)


@pytest.fixture
def service() -> Service:
    return Service()


def test_erased_face_goes_with_the_photo_and_result_of_its_job(service: Service) -> None:
    service.enrol("Ada", 0)
    other = service.enrol("Ada", 1)
    face_id = next(
        face.face_id for face in service.people.faces_of("family", "Ada") if not face.embedding[0]
    )

    record = service.erasure.face("family", face_id)

    assert (record.erased, record.removed.faces, record.removed.jobs) == ("face", 1, 1)
    assert service.jobs() == {other}
    with pytest.raises(FaceNotFound):
        service.erasure.face("family", face_id)


def test_erased_person_goes_with_every_photo_and_result_that_shows_them(service: Service) -> None:
    service.enrol("Ada", 0)
    service.enrol("Ada", 0.1)
    kept = {service.enrol("Bob", 5), service.recognise(5), service.recognise(9), service.fail()}
    service.recognise(0.2)

    record = service.erasure.person("family", "Ada")

    assert (record.erased, record.removed.faces, record.removed.jobs) == ("person", 2, 3)
    assert service.names() == ["Bob"]
    assert service.jobs() == kept


def test_erased_person_is_forgotten_under_the_name_of_each_job(service: Service) -> None:
    service.enrol("Adda", 0)
    service.recognise(0.1)
    service.people.rename("family", "Adda", "Ada")

    service.erasure.person("family", "Ada")

    assert service.jobs() == set()


def test_photo_of_an_erased_person_of_which_no_face_was_added_goes_too(service: Service) -> None:
    service.enrol("Ada", 0)
    job = IndexJob(
        collection_id="family",
        person="Ada",
        job_id=new_id(),
        image_id="group",
        s3_bucket="in",
        s3_key="unused",
    )
    service.upload(job.job_id)
    several = build_enroller(service.shared).enrol(job, recognition(face(5), face(6)))
    Results(service.outputs).write(several)
    assert several.face_records == []

    service.erasure.person("family", "Ada")

    assert service.jobs() == set()


def test_photos_that_were_indexed_before_under_the_same_id_are_erased_too(service: Service) -> None:
    service.enrol(None, 0, image_id="one image")
    service.enrol("Ada", 0, image_id="one image")

    service.erasure.person("family", "Ada")

    assert service.jobs() == set()


def test_person_is_erased_by_a_process_that_just_saw_the_collection_empty(
    service: Service,
) -> None:
    other = service.another_process()
    assert other.people.faces("family", limit=1) == []
    service.enrol("Ada", 0)

    build_erasure(other).person("family", "Ada")

    assert service.names() == []
    assert service.jobs() == set()


def test_person_of_the_same_name_in_another_collection_stays(service: Service) -> None:
    service.collections.create("work")
    service.enrol("Ada", 0)
    kept = {
        service.enrol("Ada", 0, collection_id="work"),
        service.recognise(0, collection_id="work"),
    }

    service.erasure.person("family", "Ada")

    assert service.jobs() == kept
    assert service.names("work") == ["Ada"]


def test_person_of_older_data_is_erased_whatever_the_spelling(service: Service) -> None:
    jobs = [service.enrol("Zo\u00eb", 0), service.enrol("Zo\u00eb", 0.1), service.recognise(0)]
    gallery = service.index.galleries[service.collections.get("family").gallery_id]
    stored_as(next(iter(gallery.values())), "Zoe\u0308")
    for job_id in jobs:
        result = service.outputs.objects[job_id].decode()
        service.outputs.objects[job_id] = result.replace("Zo\u00eb", "Zoe\u0308").encode()

    record = service.erasure.person("family", "Zo\u00eb")

    assert (record.removed.faces, record.removed.jobs) == (2, 3)
    assert not gallery
    assert not service.outputs.objects.keys() & set(jobs)


def test_results_that_come_while_other_processes_still_know_the_person_are_erased(
    service: Service,
) -> None:
    service.enrol("Ada", 0)
    late = service.recognise(0)
    late_results = {late: service.outputs.objects.pop(late)}

    def let_it_come(_: float) -> None:
        service.outputs.objects.update(late_results)
        late_results.clear()

    erasure = replace(service.erasure, sleep=let_it_come)

    record = erasure.person("family", "Ada")

    assert record.removed.jobs == 2
    assert service.jobs() == set()


def test_results_alone_that_come_meanwhile_cost_no_second_pause(service: Service) -> None:
    service.enrol("Ada", 0)
    late = service.recognise(0)
    late_results = {late: service.outputs.objects.pop(late)}
    slept_s = []

    def let_it_come(seconds: float) -> None:
        slept_s.append(seconds)
        service.outputs.objects.update(late_results)

    replace(service.erasure, sleep=let_it_come).person("family", "Ada")

    assert slept_s == [service.erasure.settle_s]
    assert service.jobs() == set()


@pytest.mark.parametrize("what", ["face", "photo", "batch"])
def test_all_else_that_comes_meanwhile_costs_another_pause(service: Service, what: str) -> None:
    service.enrol("Ada", 0)
    slept_s: list[float] = []
    batch = Batch(
        batch_id=new_id(),
        collection_id="family",
        person="Ada",
        accepted_at=service.outputs.now(),
        photos=[],
    )
    gallery_id = service.collections.get("family").gallery_id
    comes: dict[str, Callable[[], object]] = {
        "face": lambda: service.index.put(gallery_id, [enrolled("Ada", 1)]),
        "photo": lambda: service.upload(
            new_id(), **{COLLECTION_NOTE: "family", PERSON_NOTE: noted_person("Ada")}
        ),
        "batch": lambda: BatchLists(outputs=service.outputs).write(batch),
    }

    def let_it_come(seconds: float) -> None:
        if not slept_s:
            comes[what]()
        slept_s.append(seconds)

    replace(service.erasure, sleep=let_it_come).person("family", "Ada")

    assert slept_s == [service.erasure.settle_s] * 2


def test_erasing_waits_until_no_process_knows_the_person(service: Service) -> None:
    service.enrol("Ada", 0)

    service.erasure.person("family", "Ada")

    assert service.slept_s == [service.erasure.settle_s]


def test_erasing_a_collection_waits_for_what_is_left_of_the_second_pause(service: Service) -> None:
    drop = service.index.drop

    def slow_drop(gallery_id: str) -> None:
        service.memory.clock.advance(1)
        drop(gallery_id)

    service.index.drop = slow_drop  # type: ignore[method-assign]
    service.enrol("Ada", 0)

    service.erasure.collection("family")

    settle_s = service.erasure.settle_s
    assert service.slept_s == [settle_s, settle_s - 1]


def test_unknown_person_is_not_found_and_leaves_no_record(service: Service) -> None:
    service.enrol("Bob", 0)

    with pytest.raises(PersonNotFound, match="Ada"):
        service.erasure.person("family", "Ada")

    assert list(service.audit()) == []


def test_erased_collection_goes_with_all_its_photos_and_results(service: Service) -> None:
    service.collections.create("work")
    service.enrol("Ada", 0)
    service.recognise(9)
    kept = {service.enrol("Bob", 5, collection_id="work"), service.fail()}

    record = service.erasure.collection("family")

    assert (record.erased, record.removed.faces, record.removed.jobs) == ("collection", 1, 2)
    assert service.jobs() == kept
    assert service.names("work") == ["Bob"]
    with pytest.raises(CollectionNotFound):
        service.collections.get("family")
    assert len(service.index.galleries) == 1


def test_collection_without_faces_is_erased(service: Service) -> None:
    assert service.erasure.collection("family").removed.faces == 0

    with pytest.raises(CollectionNotFound):
        service.erasure.collection("family")


def test_id_of_an_erased_collection_may_be_used_again(service: Service) -> None:
    service.enrol("Ada", 0)
    service.erasure.collection("family")

    service.collections.create("family")

    assert service.names() == []


@pytest.mark.parametrize("calls", range(12))
def test_erasure_of_a_person_that_broke_off_is_finished_by_asking_again(
    service: Service, calls: int
) -> None:
    service.enrol("Ada", 0)
    service.recognise(0)
    broken = service.erasure_by(Process(dict.fromkeys(range(calls, 99), Trouble.REFUSED)))
    try:
        broken.person("family", "Ada")
    except StorageUnavailable:
        with suppress(PersonNotFound):  # nothing was left to do
            service.erasure.person("family", "Ada")

    assert service.names() == []
    assert service.jobs() == set()
    assert sum(record["counts"]["faces"] for record in service.audit()) == 1


def test_asking_again_tells_the_others_what_an_erasure_that_broke_off_did_not(
    service: Service,
) -> None:
    others = StoredChanges(service.gallery)
    others.look()

    with pytest.raises(PersonNotFound):
        service.erasure.person("family", "Ada")

    assert others.look() == {service.collections.get("family").gallery_id}


@pytest.mark.parametrize("calls", range(12))
def test_erasure_of_a_collection_that_broke_off_is_finished_by_asking_again(
    service: Service, calls: int
) -> None:
    service.enrol("Ada", 0)
    service.recognise(0)
    broken = service.erasure_by(Process(dict.fromkeys(range(calls, 99), Trouble.REFUSED)))
    try:
        broken.collection("family")
    except StorageUnavailable:
        service.erasure.collection("family")

    assert service.index.galleries == {}
    assert service.jobs() == set()
    kept = {key.partition("/")[0] for key in service.gallery.objects}
    assert kept == {"audit", "changes", "erasures"}
    assert service.gallery.keys(MARKERS) == []


def test_batch_no_longer_names_the_photos_of_an_erased_person(service: Service) -> None:
    batch_id = submit_batch(service, "Ada/1.jpg", "Bob/1.jpg")

    service.erasure.person("family", "Ada/1.jpg")

    assert b"Ada" not in b"".join(service.outputs.objects.values())
    assert b"Bob/1.jpg" in service.outputs.get(f"batches/{batch_id}/photos.json").body


def test_batches_of_an_erased_collection_are_gone(service: Service) -> None:
    submit_batch(service, "Ada/1.jpg", "Bob/1.jpg")

    service.erasure.collection("family")

    assert service.outputs.objects == {}


def submit_batch(service: Service, *keys: str) -> str:
    """Index a batch of photos, each of a person named as its key."""
    request = IndexRequest(collection_id="family")
    batch_id = build_batch_requests(service.shared).submit_keys("album", keys, request)
    queue = service.memory.queue(SETTINGS.sqs_index_queue_name)
    for position, body in enumerate(queue.bodies):
        job = IndexJob.from_body(body).model_copy(update={"person": keys[position]})
        note_outcome(service.outputs, job, index(service, job, position))
    return batch_id


def index(service: Service, job: IndexJob, position: int) -> IndexDone:
    done = build_enroller(service.shared).enrol(job, recognition(face(position)))
    Results(service.outputs).write(done)
    return done


def test_audit_record_and_log_hold_counts_and_no_name(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.enrol("Ada", 0)

    with caplog.at_level(logging.INFO):
        service.erasure.person("family", "Ada")

    (record,) = service.audit()
    assert record.pop("at") >= record.pop("begun_at")
    assert record.pop("people") == [service.shared.names.of("Ada")]
    assert record == {
        "action": "erase_person",
        "actor": "nobody",
        "collection_id": "family",
        "counts": {
            "faces": 1,
            "jobs": 1,
            "photos": 1,
            "results": 1,
            "batches": 0,
            "consents": 0,
            "unknown_faces": 0,
        },
    }
    assert "Ada" not in " ".join(str(vars(line)) for line in caplog.records)


def test_person_who_is_only_a_runner_up_goes_from_a_result_that_stays(service: Service) -> None:
    service.enrol("Ada", 0)
    service.enrol("Bob", 0.3)
    job_id = service.recognise(0.1)
    result = Results(service.outputs).read(job_id)
    assert b"Bob" in service.outputs.get(job_id).body

    service.erasure.person("family", "Bob")

    left = Results(service.outputs).read(job_id)
    assert isinstance(result, JobDone)
    assert left == result.model_copy(
        update={"faces": [found.model_copy(update={"runner_up": None}) for found in result.faces]}
    )
    assert b"Bob" not in service.outputs.get(job_id).body
    assert f"{job_id}_photo.jpg" in service.inputs.objects


def test_result_that_is_erased_meanwhile_is_not_brought_back_without_a_mention(
    service: Service,
) -> None:
    service.enrol("Ada", 0)
    service.enrol("Bob", 0.3)
    job_id = service.recognise(0.1)
    traces = Traces(inputs=service.inputs, outputs=service.outputs, realm=WHOLE)
    found = traces.find(Whom(collection_id="family", person="Bob"))

    service.outputs.delete(job_id)
    traces.erase(found)

    assert [result.job_id for result, _ in found.mentions] == [job_id]
    assert job_id not in service.outputs.objects


def test_mention_by_a_former_name_is_found_by_the_face(service: Service) -> None:
    service.enrol("Ada", 0)
    service.enrol("Bob", 0.3)
    job_id = service.recognise(0.1)
    service.people.rename("family", "Bob", "Robert")

    service.erasure.person("family", "Robert")

    assert b"Bob" not in service.outputs.get(job_id).body
