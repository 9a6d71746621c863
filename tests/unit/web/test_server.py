"""The web tier's routes on in-memory services."""

import io

import pytest
from efr_web.routes.job_routes import WaitSlots
from flask import Response

from core.jobs.recognition_job import Job, failed
from tests.support.photos import made_photo
from tests.unit.web.web_fixture import PHOTO, WebFixture, assert_error


@pytest.fixture
def web() -> WebFixture:
    return WebFixture()


def test_upload_answers_the_result_within_the_wait(web: WebFixture) -> None:
    response = web.upload()

    assert response.status_code == 200
    assert response.json is not None
    assert response.json["status"] == "done"
    assert response.json["result"] == "Ada"
    assert response.headers["Result-Polls"] == "1"


def test_upload_answers_pending_with_status_url_after_the_wait(web: WebFixture) -> None:
    web.answers_after_s = None

    response = web.upload()

    assert response.status_code == 202
    assert response.json is not None
    assert response.json["status"] == "pending"
    assert response.headers["Location"] == f"/status/{response.json['job_id']}"
    assert response.headers["Retry-After"] == "7"  # a quarter of the 30 s that it waited
    assert web.slept_s == pytest.approx(30)


@pytest.mark.parametrize(
    ("prefer", "waited_s"),
    [
        ("respond-async", 0),
        ("respond-async, wait=10", 10),
        ('respond-async; foo="x", return=minimal', 0),
        ("wait=2; foo=bar", 2),
        ("Respond-Async", 0),
        ("Wait=2", 2),
        ("wait=" + "9" * 5000, 30),
        ("wait=2", 2),
        ("wait=0", 0),
        ("wait=900", 30),
        ("wait=soon", 30),
        ("wait=-1", 30),
        ("return=minimal", 30),
    ],
)
def test_prefer_can_only_shorten_the_wait(web: WebFixture, prefer: str, waited_s: float) -> None:
    web.answers_after_s = None

    assert web.upload(Prefer=prefer).status_code == 202
    assert web.slept_s == pytest.approx(waited_s)


def test_status_follows_a_job_from_pending_to_done(web: WebFixture) -> None:
    accepted = web.upload(Prefer="respond-async")
    location = accepted.headers["Location"]
    assert web.client.get(location).status_code == 202

    web.finish(Job.from_body(web.queue.bodies[0]))
    web.memory.clock.advance(1)

    done = web.client.get(location)
    assert done.status_code == 200
    assert done.json is not None
    assert done.json["result"] == "Ada"


def test_failed_job_is_200_with_its_error(web: WebFixture) -> None:
    accepted = web.upload(Prefer="respond-async")
    job = Job.from_body(web.queue.bodies[0])
    web.results.write(failed(job.job_id, "INVALID_IMAGE", "damaged"))
    web.memory.clock.advance(1)

    response = web.client.get(accepted.headers["Location"])

    assert response.status_code == 200
    assert response.json == {
        "job_id": job.job_id,
        "status": "failed",
        "error": {"code": "INVALID_IMAGE", "message": "damaged"},
        "collection_id": None,
    }


@pytest.mark.parametrize("job_id", ["odd", "7d1c43f7-8a5a-4e0c-9d3e-0f6b3c1a2b4d", "a%2Fb"])
def test_status_of_an_unknown_id_is_404(web: WebFixture, job_id: str) -> None:
    assert web.client.get(f"/status/{job_id}").status_code == 404


def test_form_without_file_is_refused(web: WebFixture) -> None:
    assert_error(web.client.post("/", data={"other": "x"}), 400, "MISSING_FILE")
    assert_error(web.client.post("/", data={"inputFile": "text"}), 400, "MISSING_FILE")
    assert_error(web.client.post("/"), 400, "MISSING_FILE")


def test_file_without_name_is_refused(web: WebFixture) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="inputFile"; filename=""\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + PHOTO + b"\r\n--x--\r\n"
    )
    response = web.client.post("/", data=body, content_type="multipart/form-data; boundary=x")

    assert_error(response, 400, "MISSING_FILENAME")


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"hello", "UNSUPPORTED_IMAGE"),
        (PHOTO[:-30], "TRUNCATED_IMAGE"),
        (made_photo(size=(101, 100)), "TOO_MANY_PIXELS"),
        (PHOTO + b"\x00" * (1024 * 1024), "FILE_TOO_LARGE"),
        (PHOTO + b"\x00" * (3 * 1024 * 1024), "FILE_TOO_LARGE"),
    ],
)
def test_unusable_photo_is_refused_and_leaves_nothing(
    web: WebFixture, photo: bytes, code: str
) -> None:
    assert_error(web.upload(photo), 400, code)
    assert web.is_empty()


class UnreadBody(io.BytesIO):
    """A body that notices when it is read."""

    was_read = False

    def read(self, *arguments: int | None) -> bytes:
        self.was_read = True
        return super().read(*arguments)


def test_too_large_content_length_is_refused_before_the_body_is_read(web: WebFixture) -> None:
    body = UnreadBody()
    response = web.client.post(
        "/",
        input_stream=body,
        environ_overrides={"CONTENT_LENGTH": str(10**9)},
        content_type="multipart/form-data; boundary=x",
    )

    assert_error(response, 400, "FILE_TOO_LARGE")
    assert not body.was_read


@pytest.mark.parametrize(
    "filename",
    ["../../etc/passwd", "Größe 照片.jpg", "a\x01b.jpg", "x" * 300 + ".jpg", "a_b_c.jpg"],
)
def test_any_filename_is_accepted(web: WebFixture, filename: str) -> None:
    assert web.upload(filename=filename).status_code == 200
    (key,) = web.inputs.objects
    assert key.isascii()
    assert "/" not in key


def test_same_idempotency_key_gives_the_same_job(web: WebFixture) -> None:
    first = web.upload(Idempotency_Key="key").json
    second = web.upload(Idempotency_Key="key").json

    assert first is not None
    assert second is not None
    assert first["job_id"] == second["job_id"]


def test_same_idempotency_key_with_another_photo_is_422(web: WebFixture) -> None:
    web.upload(Idempotency_Key="key")

    response = web.upload(made_photo(size=(20, 20)), Idempotency_Key="key")

    assert_error(response, 422, "IDEMPOTENCY_CONFLICT")


def test_absent_queue_is_503_with_retry_after_and_leaves_nothing(web: WebFixture) -> None:
    web.queue.available = False

    response = web.upload()

    assert_error(response, 503, "QUEUE_UNAVAILABLE", retryable=True)
    assert response.headers["Retry-After"] == "5"
    assert web.is_empty()


def test_absent_store_is_503_without_its_inner_details(web: WebFixture) -> None:
    web.inputs.available = False

    response = web.upload()

    assert_error(response, 503, "STORAGE_UNAVAILABLE")
    assert "switched off" not in response.text


def test_health_is_ok_while_everything_else_is_away(web: WebFixture) -> None:
    web.inputs.available = web.queue.available = False

    assert web.client.get("/health").json == {"status": "ok"}


def test_ready_tells_how_galleries_are_searched(web: WebFixture) -> None:
    web.create("staff")
    web.enrol("staff", "ada-1")
    (gallery_id,) = web.index.galleries
    web.index.states = lambda: {gallery_id: "exact", "of nobody": "exact"}  # type: ignore[attr-defined]

    ready = web.client.get("/ready").get_json()
    assert (ready["status"], ready["galleries"]) == ("ready", {"staff": "exact"})


def test_ready_names_what_is_missing(web: WebFixture) -> None:
    web.queue.available = False

    response = web.client.get("/ready")

    assert_error(response, 503, "SERVICE_UNAVAILABLE")
    assert response.json is not None
    assert "queue" in response.json["error"]
    assert "bucket" not in response.json["error"]


def test_unknown_path_and_method_answer_as_json(web: WebFixture) -> None:
    assert_error(web.client.get("/nothing"), 404, "NOT_FOUND")
    response = web.client.put("/")
    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in response.headers["Allow"]


def test_unexpected_error_is_logged_and_not_shown(
    web: WebFixture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def surprise(_: str, **__: object) -> None:
        raise ZeroDivisionError("a detail")

    monkeypatch.setattr(web.queue, "send", surprise)

    response = web.upload()

    assert_error(response, 500, "INTERNAL_ERROR")
    assert "a detail" not in response.text
    assert "a detail" in caplog.text


def test_given_request_id_is_kept_and_an_odd_one_replaced(web: WebFixture) -> None:
    kept = web.client.get("/health", headers={"X-Request-ID": "trace-1"})
    replaced = web.client.get("/health", headers={"X-Request-ID": "a b<script>"})

    assert kept.headers["X-Request-ID"] == "trace-1"
    assert replaced.headers["X-Request-ID"] != "a b<script>"


def test_no_more_requests_wait_at_once_than_there_are_slots() -> None:
    wait_slots = WaitSlots(slots=1)
    waits: list[float] = []

    def wait(seconds: float) -> Response:
        waits.append(seconds)
        return Response()

    def wait_while_another_comes(seconds: float) -> Response:
        wait_slots.run(wait, 30)
        return wait(seconds)

    wait_slots.run(wait_while_another_comes, 30)
    wait_slots.run(wait, 30)

    assert waits == [0, 30, 30]
