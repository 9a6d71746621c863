"""Routes to upload a photo and to ask for a job's status."""

import logging
import re
import threading
from collections.abc import Callable

from flask import Response, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.errors import (
    CallbackNotAllowed,
    FormTooLarge,
    IdempotencyConflict,
    InvalidIdempotencyKey,
    JobNotFound,
    MissingFile,
    MissingFilename,
    StorageUnavailable,
    TooManyJobs,
    WebhookUrlRefused,
)
from core.host.tracing import tracing
from core.jobs.index_job import IndexDone
from core.jobs.recognition_job import JobDone, JobFailed
from core.jobs.results import JobResult
from core.settings import Settings
from core.submission.uploads import Uploads
from efr_web.caller import visible
from efr_web.middleware import note_job
from efr_web.openapi.operation import (
    BODY,
    COLLECTION,
    HANDED_OVER,
    USABLE_PHOTO,
    Answer,
    Api,
    Body,
    Operation,
)
from efr_web.requests.models.photos import UploadForm
from efr_web.requests.parsing import FORM, read_form, reading
from efr_web.requests.photos import OVERHEAD_BYTES, Photo, uploaded
from efr_web.schemas.jobs import JobPending

log = logging.getLogger(__name__)

_FILE = "inputFile"


class WaitSlots:
    """Bounds how many threads wait for results, so that the others answer at once."""

    def __init__(self, slots: int) -> None:
        self._free = threading.BoundedSemaphore(slots)

    def run(self, wait: Callable[[float], Response], seconds: float) -> Response:
        """Call ``wait`` with the seconds, or with 0 when every slot is taken."""
        if not self._free.acquire(blocking=False):
            return wait(0)
        try:
            return wait(seconds)
        finally:
            self._free.release()


def add_job_routes(api: Api, parts: WebParts, settings: Settings) -> None:
    """Add ``POST /`` and ``/status``."""
    wait_slots = WaitSlots(max(1, settings.web_threads * 3 // 4))

    def answer(uploads: Uploads, job_id: str, result: JobResult | None) -> Response:
        if result is not None:
            return _ended(result)
        return _pending(job_id, uploads.pause_s(job_id, api.meter.caller_name()))

    @api.route("POST", "/", UPLOAD)
    def upload() -> ResponseReturnValue:
        request.max_content_length = settings.max_file_bytes + OVERHEAD_BYTES
        uploads = visible(parts).uploads
        form, photo = _upload()
        idempotency_key = request.headers.get("Idempotency-Key")
        if idempotency_key is None and form.callback_url is None:
            earlier = uploads.earlier(
                photo.content, collection_id=form.collection_id, min_quality=form.min_quality
            )
            if earlier is not None:
                return _answered_before(earlier)
        job = uploads.submit(
            photo.content,
            photo.filename,
            collection_id=form.collection_id,
            min_quality=form.min_quality,
            callback_url=form.callback_url,
            idempotency_key=idempotency_key,
        )
        note_job(job.job_id)

        def wait(seconds: float) -> Response:
            with tracing().span("wait"):
                waited = uploads.wait(job.job_id, seconds)
            log.info("wait ended", extra={"s3_gets": waited.polls})
            response = answer(uploads, job.job_id, waited.result)
            response.headers["Result-Polls"] = str(waited.polls)
            return response

        return wait_slots.run(wait, _wait_seconds(settings.max_wait_seconds))

    @api.route("GET", "/status/<job_id>", STATUS)
    def status(job_id: str) -> ResponseReturnValue:
        note_job(job_id)
        uploads = visible(parts).uploads
        found = uploads.status(job_id, api.meter.caller_name())
        return answer(uploads, job_id, found)


def _upload() -> tuple[UploadForm, Photo]:
    with reading():
        file = request.files.get(_FILE) if request.mimetype == FORM else None
    if file is None:
        raise MissingFile(f"the form has no file field {_FILE!r}")
    if not file.filename:
        raise MissingFilename(f"the file in {_FILE!r} has no name")
    form, _ = read_form(UploadForm, files=(_FILE,))
    return form, uploaded(file)


def _wait_seconds(max_wait_s: float) -> float:
    """Return how long this request waits: ``Prefer`` (RFC 7240) can only shorten it."""
    preferences: dict[str, str] = {}
    for preference in ",".join(request.headers.getlist("Prefer")).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        preferences.setdefault(name.strip().lower(), value.strip())
    wait = preferences.get("wait", "")
    if re.fullmatch(r"[0-9]{1,9}", wait):
        return min(max_wait_s, float(wait))
    return 0 if "respond-async" in preferences else max_wait_s


def _ended(result: JobResult) -> Response:
    return current_app.response_class(result.model_dump_json(), mimetype="application/json")


def _answered_before(result: JobDone) -> Response:
    note_job(result.job_id)
    response = _ended(result)
    response.headers["Result-Polls"] = "1"
    return response


def _pending(job_id: str, retry_after_s: int) -> Response:
    response = jsonify(JobPending(job_id=job_id).model_dump())
    response.status_code = 202
    response.headers["Location"] = url_for("status", job_id=job_id)
    response.headers["Retry-After"] = str(retry_after_s)
    return response


_PENDING = Answer(
    text="There is no answer yet; ask again at `Location` after `Retry-After` seconds.",
    models=(JobPending,),
    headers=("Location", "Retry-After"),
)
UPLOAD = Operation(
    tag="Recognition",
    access="recognise",
    limit="recognition",
    summary="Name the people on a photo",
    text=(
        "Queues the photo for the workers and waits for the answer, `MAX_WAIT_SECONDS` at most. "
        "A body that is no form with a file `inputFile` is `MISSING_FILE`. The service does not "
        "search for a face whose quality is under `min_quality`, or under its own bound: the "
        "face's `warning` is `NOT_SEARCHED`. `POOR_FACE` warns of a name that rests on a poor "
        "face. `callback_url` is told of the job's end; its scheme, host and port must be those of "
        "a webhook."
    ),
    body=Body(form=UploadForm, files=(_FILE,), required_files=(_FILE,)),
    request_headers=("Prefer", "Idempotency-Key"),
    answers={
        200: Answer(
            text="The job has ended.", models=(JobDone, JobFailed), headers=("Result-Polls",)
        ),
        202: _PENDING,
    },
    errors=(
        MissingFile,
        MissingFilename,
        InvalidIdempotencyKey,
        IdempotencyConflict,
        WebhookUrlRefused,
        CallbackNotAllowed,
        *BODY,
        FormTooLarge,
        *USABLE_PHOTO,
        *COLLECTION,
        *HANDED_OVER,
        TooManyJobs,
    ),
    curl="-F inputFile=@ada.jpg -F collection_id=staff /",
)
STATUS = Operation(
    tag="Recognition",
    access="any key",
    summary="Ask for the answer to a photo",
    text=(
        "Answers for the jobs of `POST /` and of `POST /faces/index`. A caller that asks again "
        "before `Retry-After` is over is answered 202 without a look for the result."
    ),
    answers={
        200: Answer(text="The job has ended.", models=(JobDone, IndexDone, JobFailed)),
        202: _PENDING,
    },
    errors=(JobNotFound, StorageUnavailable),
    curl="/status/8f323fc7-d47f-4792-bd59-413577fc04bf",
)
