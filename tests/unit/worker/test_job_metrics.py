"""What jobs tell Prometheus of their faces and stages."""

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from core.errors import StorageUnavailable
from core.jobs.recognition_job import DetectedFace, FaceWarning, JobDone, NamedFace, RecognisedPhoto
from core.worker.job_metrics import BULK, INTERACTIVE, note_faces, note_recognition, stage
from tests.support.faces import face, recognition

SMALL = replace(face(quality=10), flaws=("SMALL_BOUNDING_BOX",))


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def told(
    name: str | None, warning: FaceWarning | None = None, shown: DetectedFace | None = None
) -> NamedFace:
    return NamedFace(
        name=name,
        similarity=None if name is None else 91.0,
        distance=None,
        warning=warning,
        **dict(shown or DetectedFace.of(face())),
    )


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (told("Ada"), "known"),
        (told("Ada", "POOR_FACE"), "known"),
        (told(None), "unknown"),
        (told(None, "NAMED_ELSEWHERE"), "unknown"),
        (told(None, "NOT_SEARCHED", DetectedFace.of(face(quality=10))), "low_quality"),
        (told(None, "NOT_SEARCHED", DetectedFace.of(SMALL)), "too_small"),
    ],
)
def test_each_face_is_counted_once_by_what_became_of_it(found: NamedFace, outcome: str) -> None:
    outcomes = ("known", "unknown", "low_quality", "too_small")
    before = {each: count("efr_faces_total", outcome=each) for each in outcomes}
    sure = count("efr_match_similarity_sum")
    photo = dict(RecognisedPhoto.of(recognition(face())))

    note_faces(JobDone(job_id="a job", result="a name", faces=[found], **photo))

    counted = {each: count("efr_faces_total", outcome=each) - before[each] for each in outcomes}
    assert counted == dict.fromkeys(outcomes, 0.0) | {outcome: 1.0}
    assert count("efr_match_similarity_sum") - sure == (found.similarity or 0.0)


def test_stages_of_a_child_are_measured_in_seconds() -> None:
    seen = replace(recognition(face(quality=70)), timings_ms={"embed": 2500.0})
    before = count("efr_job_stage_seconds_sum", queue=BULK, stage="embed")

    note_recognition(BULK, seen)

    spent_s = count("efr_job_stage_seconds_sum", queue=BULK, stage="embed") - before
    assert spent_s == pytest.approx(2.5)


def test_stage_that_fails_is_measured_too() -> None:
    before = count("efr_job_stage_seconds_count", queue=INTERACTIVE, stage="fetch")

    with pytest.raises(StorageUnavailable), stage(INTERACTIVE, "fetch"):
        raise StorageUnavailable("away")

    assert count("efr_job_stage_seconds_count", queue=INTERACTIVE, stage="fetch") == before + 1
