"""A trace goes through each kind of queue, in what travels beside the body."""

from dataclasses import replace

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.requests import build_intake
from core.bootstrap.worker import build_worker
from core.errors import RecognizerDied
from core.host.tracing import tracing
from core.jobs.recognition_job import Job
from core.testing import MemoryFaceIndex, ScriptedRecognizer
from tests.support.backends import MAX_RECEIVE_COUNT, Backends
from tests.support.infrastructure import with_recognizer
from tests.support.photos import made_photo
from tests.support.services.kept_spans import traced

JOB = Job(job_id="7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d", filename="ada_lovelace.jpg")


def test_every_attempt_at_a_job_is_below_the_send_that_noted_its_trace(backends: Backends) -> None:
    recognizer = ScriptedRecognizer(answers=[RecognizerDied("as told")] * MAX_RECEIVE_COUNT)
    infrastructure = replace(
        with_recognizer(backends.infrastructure, recognizer),
        index=lambda watch, bucket: MemoryFaceIndex(),
    )
    shared = Shared(backends.settings, infrastructure)
    intake = build_intake(shared, backends.settings.sqs_req_queue_name)
    worker = build_worker(backends.settings, infrastructure).worker
    with traced() as kept:
        with tracing().entry("request", {}):
            intake.store_and_enqueue(
                job_id=JOB.job_id, key=JOB.input_key, photo=made_photo(), body=JOB.body, metadata={}
            )
        for _ in range(200):
            if kept.names.count("handle interactive") == MAX_RECEIVE_COUNT:
                break
            worker.run_once()
            backends.let_pass(0.1)
        worker.drain()

    attempts = [span for span in kept.spans if span.name == "handle interactive"]
    sent = kept["send job"].context
    assert sent is not None
    assert len(kept.traces) == 1
    assert {span.parent.span_id for span in attempts if span.parent} == {sent.span_id}
    outcomes = [(span.attributes or {})["outcome"] for span in attempts]
    assert outcomes == ["retried"] * (MAX_RECEIVE_COUNT - 1) + ["dead-lettered"]
    assert backends.dead_bodies() == [f"{JOB.job_id}_{JOB.filename}"]


def test_message_of_an_older_web_tier_is_handled_in_a_trace_of_its_own(backends: Backends) -> None:
    worker = build_worker(
        backends.settings, with_recognizer(backends.infrastructure, ScriptedRecognizer())
    ).worker
    with traced() as kept:
        backends.queue.send(JOB.body)
        for _ in range(200):
            if kept.spans:
                break
            worker.run_once()
            backends.let_pass(0.1)
        worker.drain()

    (handled,) = [span for span in kept.spans if span.name == "handle interactive"]
    assert handled.parent is None
