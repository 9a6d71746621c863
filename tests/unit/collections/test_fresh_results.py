"""What is stored late names nobody who was erased; what is stored in time costs nothing."""

from collections.abc import Callable

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_enroller
from core.bootstrap.use_cases.erasing import build_fresh_results
from core.bootstrap.use_cases.searching import build_identifier
from core.collections.grounds import IN_TIME_S
from core.collections.people import People
from core.errors import ErasedMeanwhile
from core.ground.ids import new_id
from core.jobs.index_job import IndexDone, IndexJob
from core.jobs.recognition_job import JobDone, failed
from core.jobs.results import Results
from core.settings import Settings
from core.testing import MemoryFaceIndex, ScriptedRecognizer
from tests.support.faces import face, recognition
from tests.support.infrastructure import MemoryInfrastructure

SETTINGS = Settings(_env_file=None)


class Worker:
    """The parts of a worker that name or enrol, and store what they did."""

    def __init__(self) -> None:
        self.index = MemoryFaceIndex()
        self.memory = MemoryInfrastructure(
            settings=SETTINGS, recognizer=ScriptedRecognizer(), index=self.index
        )
        self.clock = self.memory.clock
        self.outputs = self.memory.bucket(SETTINGS.s3_out_bucket)
        self.gallery = self.memory.bucket(SETTINGS.s3_gallery_bucket)
        shared = Shared(SETTINGS, self.memory.joined())
        self.collections, self.people = shared.collections, shared.people
        self.results = build_fresh_results(shared)
        self.enroller, self.identifier = build_enroller(shared), build_identifier(shared)
        self.collections.create("family")

    def enrol(self, person: str = "Ada", *faces: float) -> IndexDone:
        job = IndexJob(
            collection_id="family",
            person=person,
            job_id=new_id(),
            image_id=f"{person}.jpg",
            s3_bucket="in",
            s3_key="key",
            accepted_at=self.outputs.now(),
        )
        return self.enroller.enrol(job, recognition(*map(face, faces or [0.0])))

    def named(self) -> JobDone:
        return self.identifier.identify(new_id(), "family", recognition(face(0)))

    def erase_all(self) -> None:
        gallery_id = self.collections.now("family").gallery_id
        self.index.erase(gallery_id, list(self.index.galleries[gallery_id]))

    def stored(self, result: JobDone | IndexDone) -> bool:
        return result.job_id in self.outputs.objects


@pytest.fixture
def worker() -> Worker:
    return Worker()


def test_result_that_is_stored_in_time_costs_one_request(worker: Worker) -> None:
    worker.enrol()
    result = worker.named()
    worker.clock.advance(IN_TIME_S)
    gets = worker.gallery.gets

    assert worker.results.write(result)

    assert worker.gallery.gets == gets
    assert worker.outputs.gets == 0


@pytest.mark.parametrize("answer", [Worker.named, Worker.enrol], ids=["upload", "index"])
def test_late_result_that_names_somebody_erased_is_not_stored(
    worker: Worker, answer: Callable[[Worker], JobDone | IndexDone]
) -> None:
    worker.enrol()
    result = answer(worker)
    worker.clock.advance(IN_TIME_S + 0.1)
    worker.erase_all()

    with pytest.raises(ErasedMeanwhile):
        worker.results.write(result)

    assert not worker.stored(result)


@pytest.mark.parametrize("answer", [Worker.named, Worker.enrol], ids=["upload", "index"])
@pytest.mark.parametrize(
    "change",
    [
        lambda people, face_id: people.rename("family", "Ada", "Ada King"),
        lambda people, face_id: people.reject("family", face_id, "Ada"),
    ],
    ids=["rename", "reject"],
)
def test_late_result_that_gives_a_name_that_was_taken_away_is_not_stored(
    worker: Worker,
    answer: Callable[[Worker], JobDone | IndexDone],
    change: Callable[[People, str], object],
) -> None:
    (record,) = worker.enrol().face_records
    result = answer(worker)
    worker.clock.advance(IN_TIME_S + 0.1)
    change(worker.people, record.face_id)

    with pytest.raises(ErasedMeanwhile):
        worker.results.write(result)

    assert not worker.stored(result)


def test_result_whose_writing_took_long_is_removed_if_it_names_somebody_erased(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.enrol()
    result = worker.named()

    def slow_write(self: Results, late: JobDone, *, writer: str) -> bool:
        worker.clock.advance(IN_TIME_S + 0.1)
        worker.erase_all()
        return write(self, late, writer=writer)

    write = Results.write
    monkeypatch.setattr(Results, "write", slow_write)

    with pytest.raises(ErasedMeanwhile):
        worker.results.write(result)

    assert not worker.stored(result)


def test_late_result_that_names_people_still_enrolled_is_stored(worker: Worker) -> None:
    worker.enrol()
    result = worker.named()
    worker.clock.advance(60)

    assert worker.results.write(result)
    assert worker.results.read(result.job_id) == result


@pytest.mark.parametrize("collection", ["open", "closed"])
def test_late_result_that_names_nobody_is_stored(worker: Worker, collection: str) -> None:
    result = worker.named()
    worker.clock.advance(60)
    if collection == "closed":
        worker.collections.begin_erasure("family")

    assert worker.results.write(result)
    assert worker.results.write(failed(new_id(), "A_CODE", "a reason", collection_id="family"))


def test_late_result_of_an_erased_collection_is_not_stored(worker: Worker) -> None:
    worker.enrol()
    result = worker.named()
    worker.clock.advance(60)
    worker.collections.begin_erasure("family")

    with pytest.raises(ErasedMeanwhile):
        worker.results.write(result)


def test_late_result_of_a_photo_of_somebody_erased_who_was_not_enrolled_by_it_is_not_stored(
    worker: Worker,
) -> None:
    result = worker.enrol("Ada", 0.0, 5.0)
    assert result.face_records == []
    worker.clock.advance(60)
    worker.collections.record("family", lambda log, now: log.with_record("1", at=now, person="Ada"))

    with pytest.raises(ErasedMeanwhile):
        worker.results.write(result)


def test_result_that_a_killed_worker_left_is_looked_at_when_its_message_comes_back(
    worker: Worker,
) -> None:
    worker.enrol()
    result = worker.named()
    Results(worker.outputs).write(result)
    worker.clock.advance(60)
    worker.erase_all()

    with pytest.raises(ErasedMeanwhile):
        worker.results.read(result.job_id)

    assert worker.results.read(result.job_id) is None
