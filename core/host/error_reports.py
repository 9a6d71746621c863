"""Unexpected errors that go to Sentry: an extra.

An unexpected error is one that is logged with its traceback; what clients and jobs are answered
with a code of their own is none. Sentry is told of the kind of the error and where in the code it
arose. It is not told what the error says, nor of any value, path or request: photos and names are
in these.
"""

import logging
from pathlib import PurePath
from typing import Any, Final

import sentry_sdk
from sentry_sdk.utils import Dsn, event_from_exception

from core import __version__
from core.errors import FaceServiceError
from core.host.logs import add_fields, log_to

_OURS: Final = frozenset({"core", "efr_web", "worker"})
"""Whose log texts are constant; those of other packages may hold a path."""
_TAGS: Final = ("job_id", "trace_id")
_KEPT: Final = frozenset(
    {"environment", "event_id", "level", "logger", "logentry", "platform", "release", "sdk", "tags"}
    | {"timestamp"}
)
_FRAME: Final[tuple[str, ...]] = ("function", "in_app", "lineno", "module")
_STOP_S: Final = 2.0


def check_dsn(dsn: str) -> None:
    """Raise ``ValueError`` if it is no DSN of Sentry's."""
    Dsn(dsn)


class ErrorReports(logging.Handler):
    """Sends unexpected errors, from a thread with a bounded queue.

    Parameters
    ----------
    dsn : str
        Where to; from Sentry's page.
    part : str
        Name of this kind of process.
    """

    def __init__(self, dsn: str, *, part: str) -> None:
        super().__init__(logging.ERROR)
        self.addFilter(add_fields)
        self._part = part
        self._client = sentry_sdk.Client(
            dsn=dsn,
            release=f"elastic-face-recognition@{__version__}",
            before_send=_slim,
            # `_slim` leaves all of these out; what is not gathered can't be left in.
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            send_client_reports=False,
            enable_backpressure_handling=False,
            spotlight=False,
        )

    def start(self) -> None:
        """Send the errors of this process from now on."""
        log_to(self)

    def stop(self) -> None:
        """Send what is left, for two seconds at most."""
        self._client.close(timeout=_STOP_S)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or record.name.startswith("sentry_sdk"):
            return
        try:
            event, hint = event_from_exception(error, self._client.options)
            event["logger"] = record.name
            if record.name.partition(".")[0] in _OURS:
                event["logentry"] = {"message": str(record.msg), "params": []}
            event["tags"] = self._tags(record, error)
            self._client.capture_event(event, hint)
        except Exception:  # noqa: BLE001 - as every handler: an error of its own stops nobody
            self.handleError(record)

    def _tags(self, record: logging.LogRecord, error: BaseException) -> dict[str, str]:
        found = {name: str(value) for name in _TAGS if (value := getattr(record, name, None))}
        if isinstance(error, FaceServiceError):
            found["code"] = error.code
        return {"part": self._part, **found}


def _slim(event: Any, _hint: Any) -> Any:
    """Return what is sent of an event; what is not named here stays."""
    kept = {name: value for name, value in event.items() if name in _KEPT}
    errors = event.get("exception", {}).get("values", [])
    return {**kept, "exception": {"values": [_kind_and_place(error) for error in errors]}}


def _kind_and_place(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames", [])
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": [_frame(frame) for frame in frames]},
    }


def _frame(frame: dict[str, Any]) -> dict[str, Any]:
    kept = {name: frame[name] for name in _FRAME if name in frame}
    return {**kept, "filename": PurePath(frame.get("filename") or "").name}
