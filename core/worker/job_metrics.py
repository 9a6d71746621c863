"""What jobs tell Prometheus and their traces: how long each stage took, and of the faces."""

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from core.faces.results import Recognition
from core.host.metrics import metrics
from core.host.shared_numbers import shared_folder
from core.host.tracing import tracing
from core.host.uncounted import Uncounted
from core.jobs.recognition_job import JobDone
from core.jobs.results import JobResult, Results

INTERACTIVE: Final = "interactive"
BULK: Final = "bulk"
EVENTS: Final = "events"
"""The lanes of a worker: uploads, index jobs and events of webhooks."""

_SMALL: Final = "SMALL_BOUNDING_BOX"


@functools.cache
def uncounted() -> Uncounted:
    """Return the marks of this process, which lie in the folder of numbers if it shares one."""
    return Uncounted(shared_folder())


@contextmanager
def stage(queue: str, name: str) -> Iterator[None]:
    """Measure what a job does in the block."""
    started_s = time.perf_counter()
    try:
        with tracing().span(name):
            yield
    finally:
        spent_s = time.perf_counter() - started_s
        metrics().stage_seconds.labels(queue, name).observe(spent_s)


def note_wait(queue: str, age_s: float) -> None:
    """Note how long a message lay in the queue before its job began."""
    metrics().stage_seconds.labels(queue, "wait").observe(age_s)


def note_recognition(queue: str, recognition: Recognition) -> None:
    """Note what the child's stages took, and how good the faces are."""
    tracing().past(recognition.timings_ms)
    for name, spent_ms in recognition.timings_ms.items():
        metrics().stage_seconds.labels(queue, name).observe(spent_ms / 1000)
    for face in recognition.faces:
        metrics().quality.observe(face.quality)


def count_outcome(queue: str, outcome: str) -> None:
    """Count a message whose handling ended, or was broken off."""
    metrics().jobs.labels(queue, outcome).inc()


def store_and_count(queue: str, results: Results, result: JobResult, outcome: str) -> bool:
    """Store a result unless there is one, and count it; tell whether it was stored.

    In between lies a mark, by which another worker counts it if this one is killed.
    """
    mark = uncounted().add(result.job_id)
    with stage(queue, "store"):
        written = results.write(result, writer=mark)
    if written and uncounted().take(result.job_id, mark):
        count_outcome(queue, outcome)
    return written


def count_found(queue: str, results: Results, job_id: str, outcome: str) -> bool:
    """Count a job whose result was there, unless its writer has; tell whether it was done now."""
    if uncounted().take(job_id, results.writer(job_id)):
        count_outcome(queue, outcome)
        return True
    uncounted().drop(job_id)
    return False


def note_faces(done: JobDone) -> None:
    """Note what became of a photo's faces, and how sure the names are."""
    for face in done.faces:
        if face.name is not None:
            outcome = "known"
            metrics().similarity.observe(face.similarity or 0.0)
        elif face.warning != "NOT_SEARCHED":
            outcome = "unknown"
        else:
            outcome = "too_small" if _SMALL in face.quality_reasons else "low_quality"
        metrics().faces.labels(outcome).inc()
