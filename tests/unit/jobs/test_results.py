"""Results in the output bucket; the first writer wins."""

import json

import pytest

from core.faces.results import Model
from core.jobs.index_job import FaceRecord, IndexDone, UnindexedFace
from core.jobs.recognition_job import DetectedFace, ImageSize, JobDone, NamedFace, failed
from core.jobs.results import JobResult, Results
from core.testing import MemoryStore
from tests.support.faces import face

JOB_ID = "7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d"
FOUND = DetectedFace.of(face())
IMAGE, MODEL = ImageSize(width=1, height=2), Model(name="m", version="1")

RECOGNISED = JobDone(
    job_id=JOB_ID,
    result="Ada",
    faces=[NamedFace(name="Ada", similarity=90.0, distance=0.1, **dict(FOUND))],
    image=IMAGE,
    model=MODEL,
    timings_ms={"decode": 1.0},
)
INDEXED = IndexDone(
    job_id=JOB_ID,
    collection_id="family",
    image_id="ada.jpg",
    face_records=[FaceRecord(face_id="1", person=None, face=FOUND)],
    unindexed_faces=[UnindexedFace(reason="EXCEEDS_MAX_FACES", face=FOUND)],
    image=IMAGE,
    model=MODEL,
)
FAILED = failed(JOB_ID, "INVALID_IMAGE", "damaged")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.mark.parametrize("result", [RECOGNISED, INDEXED, FAILED])
def test_each_kind_of_result_survives_storage(store: MemoryStore, result: JobResult) -> None:
    Results(store).write(result)

    assert Results(store).read(JOB_ID) == result


def test_first_result_stays(store: MemoryStore) -> None:
    results = Results(store)

    assert results.write(RECOGNISED)
    assert not results.write(FAILED)
    assert results.read(JOB_ID) == RECOGNISED


def test_pending_job_has_none(store: MemoryStore) -> None:
    assert Results(store).read(JOB_ID) is None


def test_field_of_a_later_version_is_no_error(store: MemoryStore) -> None:
    later = json.loads(RECOGNISED.model_dump_json()) | {"mood": "cheerful"}
    store.put(JOB_ID, json.dumps(later).encode(), content_type="application/json")

    assert Results(store).read(JOB_ID) == RECOGNISED
