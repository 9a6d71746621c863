"""What a second look through all results costs, and that it misses nobody."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.collections.erasing.traces import Traces
from core.collections.erasing.whom import Whom
from core.errors import Erased
from core.faces.results import Model
from core.ground.ids import new_id
from core.ground.realms import WHOLE
from core.jobs.index_job import FaceRecord, IndexDone
from core.jobs.recognition_job import (
    COLLECTION_NOTE,
    PERSON_NOTE,
    DetectedFace,
    ImageSize,
    JobDone,
    NamedFace,
    failed,
    noted_person,
)
from core.jobs.results import JobResult, Results
from core.ports import StoredObject
from core.testing import MemoryStore
from tests.support.faces import face

ADA = "0fc1ca32-2a2a-5b5e-8a71-3f54a6f3f5ff"
BOB = "0fc1ca32-2a2a-5b5e-8a71-3f54a6f3f500"
MODEL = Model(name="m", version="1")
IMAGE = ImageSize(width=1, height=1)


@pytest.fixture
def outputs() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def traces(outputs: MemoryStore) -> Traces:
    return Traces(inputs=MemoryStore(), outputs=outputs, realm=WHOLE)


def named(name: str | None, face_id: str | None, *, collection_id: str = "family") -> JobDone:
    shown = dict(DetectedFace.of(face()))
    found = NamedFace(name=name, face_id=face_id, similarity=90.0, distance=0.1, **shown)
    return JobDone(
        job_id=new_id(),
        result=name or "Unknown",
        collection_id=collection_id,
        faces=[found],
        image=IMAGE,
        model=MODEL,
        timings_ms={},
    )


def indexed(person: str | None, now_named: str | None, face_id: str) -> IndexDone:
    return IndexDone(
        job_id=new_id(),
        collection_id="family",
        image_id="a.jpg",
        person=person,
        face_records=[FaceRecord(face_id=face_id, person=now_named, face=DetectedFace.of(face()))],
        unindexed_faces=[],
        image=IMAGE,
        model=MODEL,
    )


def whom(person: str | None = None, *face_ids: str, collection_id: str = "family") -> Whom:
    return Whom(collection_id=collection_id, person=person, face_ids=frozenset(face_ids))


EVERYTHING: list[JobResult] = [
    named("Ada", ADA),
    named("Bob", ADA),
    named(None, ADA),
    named("Ada", ADA, collection_id="other"),
    named("Ada", None),
    indexed("Ada", None, BOB),
    indexed(None, "Ada", BOB),
    indexed("Eve", "Eve", ADA),
    failed(new_id(), "INVALID_IMAGE", "damaged"),
    failed(new_id(), "INVALID_IMAGE", "damaged", collection_id="family"),
    failed(new_id(), Erased.code, "erased"),
]
SOUGHT = [
    whom("Ada"),
    whom("Bob"),
    whom("Nobody"),
    whom(None, ADA),
    whom("Ada", ADA, BOB),
    whom(None),
    whom("Ada", collection_id="other"),
    whom(None, collection_id="other"),
    whom(None, collection_id="empty"),
]


def test_results_that_hold_nobody_sought_are_read_once(
    outputs: MemoryStore, traces: Traces
) -> None:
    for number in range(50):
        Results(outputs).write(named(f"person {number}", new_id()))
    assert not traces.find(whom("Nobody"))
    outputs.gets = 0

    for name in ("Nobody", "Somebody else", "person 50"):
        assert not traces.find(whom(name))
    assert outputs.gets == 0

    assert len(traces.find(whom("person 7")).answered) == 1
    assert outputs.gets == 1


def test_looks_at_the_same_time_read_each_result_once(
    outputs: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        Results(outputs).write(named(f"person {number}", new_id()))
    began, second_read = threading.Barrier(2), threading.Event()
    read: list[str] = []

    def list_together(prefix: str, *, after: str = "", limit: int = 1000) -> dict[str, str]:
        began.wait(timeout=30)
        return MemoryStore.page(outputs, prefix, after=after, limit=limit)

    def read_slowly(key: str, *, max_bytes: int | None = None) -> StoredObject:
        if key in read:
            second_read.set()
        read.append(key)
        second_read.wait(0.1)
        return MemoryStore.get(outputs, key, max_bytes=max_bytes)

    monkeypatch.setattr(outputs, "page", list_together)
    monkeypatch.setattr(outputs, "get", read_slowly)
    traces = Traces(inputs=MemoryStore(), outputs=outputs, realm=WHOLE)

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(traces.find, [whom("Nobody"), whom("Somebody")]))

    assert not any(found)
    assert sorted(read) == sorted(outputs.objects)


@pytest.mark.parametrize("first", SOUGHT)
@pytest.mark.parametrize("then", SOUGHT)
def test_second_look_finds_what_a_first_one_finds(
    outputs: MemoryStore, traces: Traces, first: Whom, then: Whom
) -> None:
    for result in EVERYTHING:
        Results(outputs).write(result)
    traces.find(first)

    assert traces.find(then) == Traces(inputs=MemoryStore(), outputs=outputs, realm=WHOLE).find(
        then
    )


def test_result_that_comes_or_changes_later_is_found(outputs: MemoryStore, traces: Traces) -> None:
    first = named("Bob", BOB)
    Results(outputs).write(first)
    assert not traces.find(whom("Ada"))

    outputs.delete(first.job_id)
    Results(outputs).write(named("Ada", ADA).model_copy(update={"job_id": first.job_id}))
    later = named("Ada", ADA)
    Results(outputs).write(later)

    assert traces.find(whom("Ada")).answered == {first.job_id, later.job_id}


def test_photo_of_a_failed_job_is_looked_at_each_time(outputs: MemoryStore, traces: Traces) -> None:
    job = failed(new_id(), "INVALID_IMAGE", "damaged", collection_id="family")
    Results(outputs).write(job)
    assert not traces.find(whom("Ada"))

    traces.inputs.put(
        f"{job.job_id}_a.jpg",
        b"a photo",
        content_type="image/jpeg",
        metadata={COLLECTION_NOTE: "family", PERSON_NOTE: noted_person("Ada")},
    )

    assert traces.find(whom("Ada")).unanswered == {job.job_id}


def test_no_more_results_are_remembered_than_there_are(
    outputs: MemoryStore, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.collections.erasing.seen_results.MOST", 3)
    for number in range(5):
        Results(outputs).write(named(f"person {number}", new_id()))
    traces.find(whom("Nobody"))
    outputs.gets = 0
    traces.find(whom("Nobody"))
    assert outputs.gets == 2


def test_results_that_are_gone_are_no_longer_remembered(
    outputs: MemoryStore, traces: Traces
) -> None:
    Results(outputs).write(named("Ada", new_id()))
    traces.find(whom("Nobody"))
    stored = dict(outputs.objects)
    outputs.objects.clear()
    traces.find(whom("Nobody"))
    outputs.objects |= stored
    outputs.gets = 0

    traces.find(whom("Nobody"))

    assert outputs.gets == 1
