"""Every row of the outcome table (core/worker/job_handler.py), in memory and on LocalStack."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_writer
from core.bootstrap.worker import build_worker
from core.errors import (
    BucketNotAllowed,
    BucketNotFound,
    Erased,
    InvalidImage,
    RecognitionTimedOut,
    RecognizerDied,
    ServiceUnavailable,
)
from core.faces.results import Recognition
from core.ground.storage_keys import BATCHES, batch_mark_key
from core.host.metrics import metrics
from core.host.uncounted import Uncounted
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import COLLECTION_NOTE, DEFAULT_COLLECTION, Job, failed
from core.jobs.results import Results
from core.ports import EnrolledFace
from core.testing import MemoryFaceIndex, ScriptedRecognizer
from core.worker import job_metrics
from core.worker.dead_letter_sweeper import ABANDONED
from core.worker.delivery import Delivery
from core.worker.job_handler import ALONE_REFUSED
from core.worker.outcomes import Outcome
from core.worker.unreadable import likely_cause
from core.worker.visibility_heartbeat import VisibilityHeartbeat
from tests.support.backends import MAX_RECEIVE_COUNT, Backends
from tests.support.faces import MODEL, OTHER_MODEL, embedding, face, recognition
from tests.support.infrastructure import with_recognizer

JOB = Job(job_id="7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d", filename="a_photo.jpg")
INDEX_JOB = IndexJob(
    job_id=JOB.job_id,
    collection_id="default",
    image_id="a",
    s3_bucket="album",
    s3_key="a",
    batch_id="0f8fad5b-d9cb-469f-a165-70867728950e",
)
MARK = batch_mark_key("0f8fad5b-d9cb-469f-a165-70867728950e", 0, "failed")
PHOTO = b"the bytes of a photo"
ADA = EnrolledFace(
    face_id="f1", person="Ada Lovelace", image_id="ada.jpg", embedding=embedding(0.0)
)


@dataclass(kw_only=True)
class Deployment:
    """A worker with a scripted recogniser between real or in-memory services."""

    backends: Backends
    recognizer: ScriptedRecognizer = field(default_factory=ScriptedRecognizer)
    index: MemoryFaceIndex = field(default_factory=MemoryFaceIndex)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        infrastructure = replace(
            with_recognizer(self.backends.infrastructure, self.recognizer),
            index=lambda watch, forget_below: self.index,
        )
        shared = Shared(self.backends.settings, infrastructure)
        build_writer(shared).add(DEFAULT_COLLECTION, [ADA], model=MODEL)
        parts = build_worker(self.backends.settings, infrastructure)
        self.worker, self.lane = parts.worker, parts.lanes[0]
        assert self.lane.sweeper is not None
        self.handler, self.sweeper = self.lane.handler, self.lane.sweeper

    def accept(
        self, photo: bytes | None = PHOTO, body: str = JOB.body, collection_id: str = "default"
    ) -> None:
        """Do what the web tier does."""
        if photo is not None:
            note = {COLLECTION_NOTE: collection_id}
            self.backends.inputs.put(JOB.input_key, photo, content_type="image/jpeg", metadata=note)
        self.backends.queue.send(body)

    def accept_of_batch(self) -> None:
        """Do what the web tier does with a photo of a batch."""
        settings, infrastructure = self.backends.settings, self.backends.infrastructure
        self.backends.inputs.put(INDEX_JOB.s3_key, PHOTO, content_type="image/jpeg")
        job = INDEX_JOB.model_copy(update={"s3_bucket": settings.s3_in_bucket})
        infrastructure.queue(settings.sqs_index_queue_name).send(job.body)

    def marks(self) -> list[str]:
        """Return what tells the batch that jobs of its own have ended."""
        return self.backends.outputs.keys(BATCHES)

    def answers(self, *answers: Recognition | Exception) -> None:
        self.recognizer.answers = list(answers)

    def receive(self) -> Delivery:
        """Return the next message as the worker would."""
        return Delivery(message=self.backends.receive(), inbox=self.lane.inbox)

    def next_outcome(self) -> Outcome:
        """Return the outcome of the next message, letting the worker run until there is one."""
        for _ in range(100):
            if self.outcomes:
                return self.outcomes.pop(0)
            self.outcomes += self.worker.run_once()
            self.backends.let_pass(0 if self.outcomes else 0.1)
        raise AssertionError("no message came")

    def result(self) -> dict[str, Any]:
        stored = self.backends.outputs.get(JOB.job_id).body
        parsed: dict[str, Any] = json.loads(stored)
        return parsed

    def has_result(self) -> bool:
        return bool(self.backends.outputs.keys(JOB.job_id))


@dataclass
class Counts:
    """What the metrics counted of the uploads since this was made."""

    def __post_init__(self) -> None:
        self.before = self.now()

    def now(self) -> dict[str, float]:
        found = [sample for each in metrics().jobs.collect() for sample in each.samples]
        return {
            sample.labels["outcome"]: sample.value
            for sample in found
            if sample.name == "efr_jobs_total" and sample.labels["queue"] == "interactive"
        }

    def since(self) -> dict[str, float]:
        gone = {outcome: n - self.before.get(outcome, 0) for outcome, n in self.now().items()}
        return {outcome: n for outcome, n in gone.items() if n}


def refuse(*_: object, **__: object) -> None:
    raise ServiceUnavailable("refused by the test")


@pytest.fixture
def deployment(backends: Backends) -> Iterator[Deployment]:
    deployment = Deployment(backends=backends)
    yield deployment
    deployment.worker.drain()


def test_recognised_face_is_named_and_message_deleted(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1)))

    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["status"] == "done"
    assert deployment.result()["result"] == "Ada Lovelace"
    assert deployment.backends.is_queue_empty()


def test_unknown_face_is_done_and_message_deleted(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.9)))

    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["result"] == "Unknown"
    assert deployment.backends.is_queue_empty()


def test_photo_without_face_is_done_and_message_deleted(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition())

    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["result"] == "No face"
    assert deployment.backends.is_queue_empty()


@pytest.mark.parametrize("body", ["no job", "not-a-uuid_photo.jpg", "{}", JOB.job_id])
def test_message_that_is_no_job_becomes_a_dead_letter_with_its_reason(
    deployment: Deployment, body: str
) -> None:
    deployment.accept(body=body)

    assert deployment.next_outcome() is Outcome.DISCARDED
    assert deployment.backends.is_queue_empty()
    (letter,) = deployment.backends.dead_letters.receive(limit=10, wait_s=0)
    assert letter.body == body
    assert letter.notes == {"reason": likely_cause(body)}


def test_message_that_is_no_job_is_kept_while_it_cannot_be_copied(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.accept(body="no job")
    with monkeypatch.context() as patched:
        patched.setattr(deployment.backends.dead_letters, "send", refuse)
        assert deployment.next_outcome() is Outcome.LEFT_ALONE

    assert deployment.next_outcome() is Outcome.DISCARDED
    assert deployment.backends.dead_letters.receive(limit=10, wait_s=0)[0].body == "no job"


def test_newline_behind_a_job_is_no_harm(deployment: Deployment) -> None:
    deployment.accept(body=f"{JOB.body}\n")
    deployment.answers(recognition(face(0.1)))

    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["result"] == "Ada Lovelace"


@pytest.mark.parametrize(
    "body", [JOB.job_id, f'{{"version": 2, "job_id": "{JOB.job_id}"}}', INDEX_JOB.body]
)
def test_job_whose_message_nobody_can_read_does_not_stay_pending(
    deployment: Deployment, body: str
) -> None:
    deployment.accept(body=body)
    deployment.next_outcome()

    assert deployment.sweeper.sweep() == 1
    assert deployment.result()["error"]["code"] == "MALFORMED_MESSAGE"
    assert likely_cause(body) in deployment.result()["error"]["message"]
    assert bool(deployment.backends.outputs.keys(MARK)) == (body == INDEX_JOB.body)


def test_missing_input_fails_without_retry(deployment: Deployment) -> None:
    deployment.accept(photo=None)

    assert deployment.next_outcome() is Outcome.FAILED
    assert deployment.result()["error"]["code"] == "INPUT_MISSING"
    assert deployment.backends.is_queue_empty()


def test_undecodable_photo_fails_without_retry(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(InvalidImage("the image data is damaged"))

    assert deployment.next_outcome() is Outcome.FAILED
    assert deployment.result()["error"]["code"] == "INVALID_IMAGE"
    assert deployment.backends.is_queue_empty()


def test_photo_in_a_bucket_that_is_not_allowed_fails_without_retry(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(BucketNotAllowed("bucket 'x' is not among ALLOWED_BUCKETS"))

    assert deployment.next_outcome() is Outcome.FAILED
    assert deployment.result()["error"]["code"] == "BUCKET_NOT_ALLOWED"
    assert deployment.backends.is_queue_empty()


def test_photo_in_a_bucket_that_does_not_exist_fails_without_retry(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(BucketNotFound("bucket 'x' does not exist"))

    assert deployment.next_outcome() is Outcome.FAILED
    assert deployment.result()["error"]["code"] == "BUCKET_NOT_FOUND"
    assert deployment.backends.is_queue_empty()


def test_job_of_somebody_erased_fails_without_retry(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(Erased())

    assert deployment.next_outcome() is Outcome.FAILED
    assert deployment.result()["error"]["code"] == "ERASED"
    assert deployment.backends.is_queue_empty()


def test_too_large_photo_fails_without_being_recognised(deployment: Deployment) -> None:
    deployment.accept(photo=b"x" * (deployment.backends.settings.max_file_bytes + 1))

    assert deployment.next_outcome() is Outcome.FAILED
    assert deployment.result()["error"]["code"] == "FILE_TOO_LARGE"
    assert deployment.recognizer.photos == []


def test_job_that_meets_another_model_is_left_to_another_worker(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1), model=OTHER_MODEL), recognition(face(0.1)))

    assert deployment.next_outcome() is Outcome.RETRIED
    assert not deployment.has_result()
    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["result"] == "Ada Lovelace"


def test_job_that_meets_no_other_model_fails_in_the_end(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1), model=OTHER_MODEL))

    outcomes = [deployment.next_outcome() for _ in range(MAX_RECEIVE_COUNT)]

    assert outcomes == [Outcome.RETRIED, Outcome.DEAD_LETTERED]
    assert deployment.result()["error"]["code"] == "MODEL_MISMATCH"
    assert deployment.backends.dead_bodies() == [JOB.body]


def test_unknown_collection_fails_without_retry(deployment: Deployment) -> None:
    deployment.accept(collection_id="nobody-made-it")
    deployment.answers(recognition(face(0.1)))

    assert deployment.next_outcome() is Outcome.FAILED
    assert deployment.result()["error"]["code"] == "COLLECTION_NOT_FOUND"
    assert deployment.backends.is_queue_empty()


def test_result_that_cannot_be_written_counts_as_a_failed_attempt(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: object) -> None:
        raise ValueError("a bug")

    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    monkeypatch.setattr(Results, "write", surprise)

    assert deployment.next_outcome() is Outcome.RETRIED


@pytest.mark.parametrize(
    "failure", [RecognitionTimedOut("too slow"), RecognizerDied("killed"), ZeroDivisionError()]
)
def test_failed_attempt_is_retried_after_a_pause(
    deployment: Deployment, failure: Exception
) -> None:
    deployment.accept()
    deployment.answers(failure, recognition(face(0.1)))

    assert deployment.next_outcome() is Outcome.RETRIED
    assert not deployment.has_result()
    assert deployment.backends.queue.receive(limit=1, wait_s=0) == []
    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["result"] == "Ada Lovelace"


def test_last_failed_attempt_fails_the_job_and_dead_letters_it(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(RecognitionTimedOut("too slow"))

    outcomes = [deployment.next_outcome() for _ in range(MAX_RECEIVE_COUNT)]

    assert outcomes == [Outcome.RETRIED, Outcome.DEAD_LETTERED]
    assert deployment.result()["error"]["code"] == "RECOGNITION_TIMED_OUT"
    assert deployment.backends.dead_bodies() == [JOB.body]


@pytest.mark.parametrize(
    ("part", "method"),
    [
        ("inputs", "get"),
        ("index", "search"),
        ("outputs", "put_if"),
    ],
)
def test_job_is_tried_again_after_an_operation_was_refused(
    deployment: Deployment, part: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    with monkeypatch.context() as patched:
        target = deployment.index if part == "index" else getattr(deployment.backends, part)
        patched.setattr(target, method, refuse)
        assert deployment.next_outcome() is Outcome.LEFT_ALONE

    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["result"] == "Ada Lovelace"
    assert deployment.backends.is_queue_empty()


@pytest.mark.parametrize(
    ("received", "outcome"),
    [(1, Outcome.RETRIED), (MAX_RECEIVE_COUNT, Outcome.DEAD_LETTERED)],
)
def test_job_that_alone_is_refused_is_given_up_in_the_end(
    deployment: Deployment, received: int, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.accept()
    delivery = [deployment.receive() for _ in range(received)][-1]
    monkeypatch.setattr(deployment.backends.inputs, "get", refuse)

    assert deployment.handler.handle(delivery, again=True, give_up=True) is outcome

    if outcome is Outcome.DEAD_LETTERED:
        assert deployment.result()["error"]["code"] == ALONE_REFUSED
        assert deployment.backends.dead_bodies() == [JOB.body]
    else:
        assert not deployment.has_result()


def test_job_at_its_last_receive_is_released_as_a_copy(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    delivery = [deployment.receive() for _ in range(MAX_RECEIVE_COUNT)][-1]

    delivery.release()

    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.backends.is_queue_empty()


def test_message_that_could_not_be_deleted_is_deleted_later(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    with monkeypatch.context() as patched:
        patched.setattr(deployment.backends.queue, "delete_many", refuse)
        assert deployment.next_outcome() is Outcome.DONE
    for _ in range(20):
        deployment.backends.let_pass(0.1)
        deployment.worker.run_once()

    assert deployment.result()["result"] == "Ada Lovelace"
    assert len(deployment.recognizer.photos) == 1
    assert deployment.backends.is_queue_empty()


def test_malformed_neighbour_does_no_harm(deployment: Deployment) -> None:
    deployment.backends.queue.send_many(["no job", JOB.body, "{}"])
    deployment.backends.inputs.put(JOB.input_key, PHOTO, content_type="image/jpeg")
    deployment.answers(recognition(face(0.1)))

    outcomes = [deployment.next_outcome() for _ in range(3)]

    assert sorted(outcome.value for outcome in outcomes) == ["discarded", "discarded", "done"]
    assert deployment.backends.is_queue_empty()


def test_batch_counts_a_job_once_its_result_is_stored(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.accept_of_batch()
    deployment.answers(recognition(face(0.1)))
    with monkeypatch.context() as patched:
        patched.setattr(deployment.backends.outputs, "put", refuse)
        assert deployment.next_outcome() is Outcome.LEFT_ALONE
    assert deployment.has_result()
    assert not deployment.marks()

    assert deployment.next_outcome() is Outcome.DUPLICATE
    assert deployment.marks() == [MARK.replace("failed", "done")]
    assert len(deployment.recognizer.photos) == 1


def test_batch_counts_a_job_whose_last_attempt_failed(deployment: Deployment) -> None:
    deployment.accept_of_batch()
    deployment.answers(RecognizerDied("killed"))

    outcomes = [deployment.next_outcome() for _ in range(MAX_RECEIVE_COUNT)]

    assert outcomes == [Outcome.RETRIED, Outcome.DEAD_LETTERED]
    assert deployment.marks() == [MARK]


def test_retry_whose_pause_could_not_be_set_comes_back(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.accept()
    deployment.answers(RecognizerDied("killed"), recognition(face(0.1)))
    with monkeypatch.context() as patched:
        patched.setattr(deployment.backends.queue, "set_visibility", refuse)
        assert deployment.next_outcome() is Outcome.LEFT_ALONE

    assert deployment.next_outcome() is Outcome.DONE


def test_message_of_a_killed_worker_comes_back(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    deployment.backends.receive()  # by a worker that is then never heard of again

    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.result()["result"] == "Ada Lovelace"


def test_second_delivery_changes_nothing(deployment: Deployment) -> None:
    counts = Counts()
    deployment.accept()
    deployment.accept()
    deployment.answers(recognition(face(0.1)), recognition(face(0.9)))

    outcomes = {deployment.next_outcome(), deployment.next_outcome()}

    assert outcomes == {Outcome.DONE, Outcome.DUPLICATE}
    assert counts.since() == {"done": 1, "duplicate": 1}
    assert deployment.result()["result"] == "Ada Lovelace"
    assert deployment.backends.is_queue_empty()


def test_redelivered_job_with_a_result_is_not_recognised_again(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    deployment.backends.receive()
    deployment.backends.outputs.put(
        JOB.job_id,
        b'{"job_id":"x","status":"failed","error":{"code":"A","message":"b"}}',
        content_type="application/json",
    )

    assert deployment.next_outcome() is Outcome.DUPLICATE
    assert deployment.recognizer.photos == []
    assert deployment.backends.is_queue_empty()


def test_result_that_s3_stored_without_an_answer_is_counted_as_done(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counts()
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    outputs = deployment.backends.outputs
    put_if = outputs.put_if

    def stored_unheard(*arguments: Any, **options: Any) -> bool:
        put_if(*arguments, **options)
        raise ServiceUnavailable("the connection broke")

    with monkeypatch.context() as patched:
        patched.setattr(outputs, "put_if", stored_unheard)
        assert deployment.next_outcome() is Outcome.LEFT_ALONE

    assert deployment.next_outcome() is Outcome.DONE
    assert counts.since() == {"left alone": 1, "done": 1}


def test_result_of_a_worker_that_was_killed_before_it_counted_is_counted_once(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counts = Counts()
    monkeypatch.setattr(job_metrics, "uncounted", functools.cache(lambda: Uncounted(tmp_path)))
    killed = Uncounted(tmp_path).add(JOB.job_id)
    result = failed(JOB.job_id, "A", "b")
    assert Results(deployment.backends.outputs).write(result, writer=killed)
    for _ in range(2):
        deployment.accept()
        deployment.backends.receive()

    outcomes = {deployment.next_outcome(), deployment.next_outcome()}

    assert outcomes == {Outcome.FAILED, Outcome.DUPLICATE}
    assert counts.since() == {"failed": 1, "duplicate": 1}
    assert deployment.recognizer.photos == []


def test_job_is_counted_before_its_message_is_deleted(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, counted = Counts(), []
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    monkeypatch.setattr(Delivery, "acknowledge", lambda _: counted.append(counts.since()))

    assert deployment.next_outcome() is Outcome.DONE
    assert counted == [{"done": 1}]


def test_unfinished_job_is_released_at_once_on_shutdown(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(RecognizerDied("stopped"))
    deployment.handler.release_unfinished()

    assert deployment.next_outcome() is Outcome.RELEASED
    assert not deployment.has_result()
    assert deployment.backends.queue.receive(limit=1, wait_s=0)[0].body == JOB.body


def test_unfinished_job_at_its_last_receive_is_released_as_a_copy_on_shutdown(
    deployment: Deployment,
) -> None:
    deployment.accept()
    deployment.answers(RecognizerDied("stopped"), recognition(face(0.1)))
    for _ in range(MAX_RECEIVE_COUNT - 1):
        deployment.backends.receive()
    deployment.handler.release_unfinished()

    assert deployment.next_outcome() is Outcome.RELEASED
    assert not deployment.has_result()
    assert deployment.next_outcome() is Outcome.DONE
    assert deployment.backends.is_queue_empty()


def test_dead_letter_without_result_is_failed_counted_and_kept(deployment: Deployment) -> None:
    counts = Counts()
    deployment.backends.dead_letters.send(INDEX_JOB.body)

    assert deployment.sweeper.sweep() == 1
    assert deployment.sweeper.sweep() == 0
    assert counts.since() == {"swept": 1}
    assert deployment.result()["error"]["code"] == ABANDONED
    assert deployment.backends.outputs.keys(MARK) == [MARK]
    kept = deployment.backends.dead_letters.receive(limit=1, wait_s=0)
    assert [message.body for message in kept] == [INDEX_JOB.body]


def test_dead_letter_with_result_keeps_it(deployment: Deployment) -> None:
    deployment.accept()
    deployment.answers(recognition(face(0.1)))
    deployment.next_outcome()
    deployment.backends.dead_letters.send(INDEX_JOB.body)
    deployment.backends.dead_letters.send("no job")

    assert [deployment.sweeper.sweep() for _ in range(2)] == [0, 0]
    assert deployment.result()["status"] == "done"
    mark = MARK.replace("failed", "done")
    assert deployment.backends.outputs.keys(mark) == [mark]


def test_dead_letter_is_counted_once_by_each_sweeper(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.backends.dead_letters.send(INDEX_JOB.body)
    deployment.sweeper.sweep()
    monkeypatch.setattr(deployment.backends.outputs, "put", refuse)

    assert [deployment.sweeper.sweep() for _ in range(2)] == [0, 0]


def test_result_is_copied_to_the_response_queue_when_asked(backends: Backends) -> None:
    settings = backends.settings.model_copy(update={"sqs_resp_enabled": True})
    deployment = Deployment(backends=replace(backends, settings=settings))
    deployment.accept()
    deployment.answers(recognition(face(0.1)))

    deployment.next_outcome()

    responses = backends.infrastructure.queue(settings.sqs_resp_queue_name)
    (copied,) = responses.receive(limit=1, wait_s=0)
    assert json.loads(copied.body) == deployment.result()
    deployment.worker.drain()


def test_heartbeat_keeps_a_received_message_invisible(deployment: Deployment) -> None:
    deployment.accept()
    heartbeat = VisibilityHeartbeat(deployment.backends.queue, visibility_s=30, interval_s=0)
    heartbeat.track([deployment.backends.receive()])

    heartbeat.beat()

    assert deployment.backends.nothing_comes_back()


def test_heartbeat_leaves_settled_messages_alone(deployment: Deployment) -> None:
    deployment.accept()
    message = deployment.backends.receive()
    heartbeat = VisibilityHeartbeat(deployment.backends.queue, visibility_s=30, interval_s=0)
    heartbeat.track([message])
    heartbeat.forget(message)

    heartbeat.beat()

    assert deployment.backends.receive().body == JOB.body
