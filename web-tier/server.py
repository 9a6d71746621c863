"""The web tier: HTTP in, HTTP out; every decision is made behind it."""

import io
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Final

from flask import Flask, Request, Response, current_app, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from core.bootstrap import WebParts, build_web
from core.errors import (
    BadRequest,
    FaceServiceError,
    FileTooLarge,
    IdempotencyConflict,
    InvalidPhoto,
    JobNotFound,
    MissingFile,
    MissingFilename,
    RequestTimedOut,
    ServiceUnavailable,
)
from core.jobs import JobDone, JobFailed
from core.logs import configure_logs, log_fields
from core.settings import Settings, load_settings

log = logging.getLogger(__name__)

_MULTIPART_OVERHEAD_BYTES: Final = 64 * 1024
_RETRY_PENDING_S: Final = 1
_RETRY_UNAVAILABLE_S: Final = 5
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")

_STATUS: Final[tuple[tuple[type[FaceServiceError], int], ...]] = (
    (IdempotencyConflict, 422),
    (RequestTimedOut, 408),
    (BadRequest, 400),
    (InvalidPhoto, 400),
    (JobNotFound, 404),
    (ServiceUnavailable, 503),
    (FaceServiceError, 500),
)


_TEXT_5XX: Final = {
    500: "unexpected error; it has been logged",
    503: "a part of the service is not available; nothing was accepted, try again later",
}


class PhotoRequest(Request):
    """A request whose file stays in memory: it is bounded, and leaves no temporary file."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


class WaitingRoom:
    """Bounds how many threads wait for results, so that the others answer at once."""

    def __init__(self, seats: int) -> None:
        self._seats = threading.BoundedSemaphore(seats)

    def seated(self, wait: Callable[[float], Response], seconds: float) -> Response:
        """Call ``wait`` with the seconds, or with 0 when every seat is taken."""
        if not self._seats.acquire(blocking=False):
            return wait(0)
        try:
            return wait(seconds)
        finally:
            self._seats.release()


def create_app(settings: Settings | None = None, parts: WebParts | None = None) -> Flask:
    """Return the web application.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment when not given.
    parts : WebParts, optional
        Built from the settings when not given.
    """
    settings = settings or load_settings()
    parts = parts or build_web(settings)
    configure_logs(settings.log_level)

    app = Flask(__name__, static_folder=None)
    app.request_class = PhotoRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_file_bytes + _MULTIPART_OVERHEAD_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    _observe_requests(app)
    _answer_errors(app, settings)
    _add_health_routes(app, parts)
    _add_job_routes(app, parts, settings)
    return app


def _observe_requests(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        g.started_s = time.monotonic()
        g.job_id = None

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        with log_fields(request_id=g.request_id):
            log.info(
                "request was answered",
                extra={
                    "job_id": g.job_id,
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "ms": round((time.monotonic() - g.started_s) * 1000),
                },
            )
        return response


def _answer_errors(app: Flask, settings: Settings) -> None:
    @app.errorhandler(FaceServiceError)
    def service_error(error: FaceServiceError) -> ResponseReturnValue:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        if status >= 500:
            with log_fields(request_id=g.request_id):
                log.error("request failed", extra={"code": error.code, "reason": str(error)})
        # What S3 and SQS say of themselves is for the operator's log, not for clients.
        text = str(error) if status < 500 else _TEXT_5XX[status]
        response = _error(error.code, text, status)
        if status == 503:
            response.headers["Retry-After"] = str(_RETRY_UNAVAILABLE_S)
        return response

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
        return service_error(
            FileTooLarge(f"the form is too large; a photo has at most {settings.max_file_mb:g} MB")
        )

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        code = error.name.upper().replace(" ", "_")
        response = _error(code, error.description or error.name, error.code or 500)
        response.headers.extend(
            [(name, value) for name, value in error.get_headers() if name == "Allow"]
        )
        return response

    @app.errorhandler(Exception)
    def unexpected(_: Exception) -> ResponseReturnValue:
        with log_fields(request_id=g.request_id):
            log.exception("request met an unexpected error")
        return _error(FaceServiceError.code, _TEXT_5XX[500], 500)


def _add_health_routes(app: Flask, parts: WebParts) -> None:
    @app.get("/health")
    def health() -> ResponseReturnValue:
        return {"status": "ok"}

    @app.get("/ready")
    def ready() -> ResponseReturnValue:
        with ThreadPoolExecutor(max_workers=len(parts.checks)) as threads:
            problems = list(threads.map(_problem, parts.checks.values()))
        missing = [name for name, problem in zip(parts.checks, problems, strict=True) if problem]
        if not missing:
            return {"status": "ready"}
        response = _error(ServiceUnavailable.code, f"missing: {', '.join(missing)}", 503)
        response.headers["Retry-After"] = str(_RETRY_UNAVAILABLE_S)
        return response


def _problem(check: Callable[[], None]) -> ServiceUnavailable | None:
    try:
        check()
    except ServiceUnavailable as error:
        log.warning("dependency is missing", extra={"reason": str(error)})
        return error
    return None


def _add_job_routes(app: Flask, parts: WebParts, settings: Settings) -> None:
    submission = parts.submission
    waiting_room = WaitingRoom(max(1, settings.web_threads * 3 // 4))

    @app.post("/")
    def upload() -> ResponseReturnValue:
        photo, filename = _uploaded_photo()
        with log_fields(request_id=g.request_id):
            job = submission.submit(
                photo, filename, idempotency_key=request.headers.get("Idempotency-Key")
            )
        g.job_id = job.job_id

        def wait(seconds: float) -> Response:
            with log_fields(request_id=g.request_id, job_id=job.job_id):
                waited = submission.wait(job.job_id, seconds)
                log.info("wait ended", extra={"s3_gets": waited.polls})
            response = _job_response(job.job_id, waited.result)
            response.headers["Result-Polls"] = str(waited.polls)
            return response

        return waiting_room.seated(wait, _wait_seconds(settings.max_wait_seconds))

    @app.get("/status/<job_id>")
    def status(job_id: str) -> ResponseReturnValue:
        return _job_response(job_id, submission.status(job_id))


def _uploaded_photo() -> tuple[bytes, str]:
    try:
        uploaded = request.files.get("inputFile")
    except ClientDisconnected as error:  # or gunicorn.conf.py's timeout
        raise RequestTimedOut("the rest of the body did not come") from error
    except ParseException as error:
        raise BadRequest(f"the body can't be read: {error}") from error
    if uploaded is None:
        raise MissingFile("the form has no file field 'inputFile'")
    if not uploaded.filename:
        raise MissingFilename("the file in 'inputFile' has no name")
    return uploaded.read(), uploaded.filename


def _wait_seconds(max_wait_s: float) -> float:
    """Return how long this request waits: ``Prefer`` (RFC 7240) can only shorten it."""
    preferences: dict[str, str] = {}
    for preference in ",".join(request.headers.getlist("Prefer")).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        preferences.setdefault(name.strip().lower(), value.strip())
    asked = preferences.get("wait", "")
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return min(max_wait_s, float(asked))
    return 0 if "respond-async" in preferences else max_wait_s


def _job_response(job_id: str, result: JobDone | JobFailed | None) -> Response:
    if result is not None:
        return current_app.response_class(result.model_dump_json(), mimetype="application/json")
    response = jsonify(job_id=job_id, status="pending")
    response.status_code = 202
    response.headers["Location"] = url_for("status", job_id=job_id)
    response.headers["Retry-After"] = str(_RETRY_PENDING_S)
    return response


def _error(code: str, message: str, status: int) -> Response:
    response = jsonify(error=message, code=code, request_id=g.request_id)
    response.status_code = status
    return response
