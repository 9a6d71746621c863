"""Structured logs: one JSON object a line, with the job and request it belongs to."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from pythonjsonlogger.json import JsonFormatter

from core.errors import FaceServiceError

_fields: ContextVar[dict[str, str]] = ContextVar("log_fields", default={})  # noqa: B039 - never mutated
_also: list[logging.Handler] = []


@contextmanager
def log_fields(**fields: str) -> Iterator[None]:
    """Put fields such as ``job_id`` on every record logged inside the block."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


_OURS: Final = ("core", "efr_cli", "efr_web", "worker")


def configure_logs(level: str) -> None:
    """Send the records of this process to standard output as JSON lines.

    Those of a level below INFO only of the service's own packages: what libraries say there is not
    ours to vouch for. Pillow writes the tags of each photo, with the names in them.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        _Formatter(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    )
    handler.addFilter(add_fields)
    own = logging.getLevelNamesMapping()[level]
    logging.basicConfig(level=max(own, logging.INFO), handlers=[handler, *_also], force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(own)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def log_to(handler: logging.Handler) -> None:
    """Give all records to a further handler, also when logs are configured again."""
    _also.append(handler)
    logging.getLogger().addHandler(handler)


def log_uncaught_errors() -> None:
    """Log Python's warnings and uncaught errors too."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class _Formatter(JsonFormatter):
    """Writes times as RFC 3339 does, in UTC."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_invalid_settings(error: FaceServiceError) -> None:
    """Say which setting can't be used; the settings can't say how to log it."""
    fields = {"code": error.code, "reason": str(error)}
    logging.getLogger("core").error("settings can't be used", extra=fields)


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("core").critical(
        "process met an unexpected error", exc_info=(kind, error, traceback)
    )


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def add_fields(record: logging.LogRecord) -> bool:
    """Put the fields of the moment on a record; as a filter, which lets it pass."""
    record.__dict__.update(_fields.get())
    return True
