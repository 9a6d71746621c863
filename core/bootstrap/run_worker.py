"""The worker daemon: settings, logs, parts, signals, run, exit code.

As a program: ``python -m core.bootstrap.run_worker``. Exit codes: 0 stopped on request
or because the machine ends, 2 a setting can't be used, 3 the face models can't be loaded.
"""

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from core.errors import DataTooNew, InvalidSettings, ModelError, RecognizerDied
from core.host import exposition
from core.host.logs import configure_logs, log_invalid_settings, log_uncaught_errors
from core.host.metrics import metrics
from core.host.shared_numbers import shared_folder
from core.host.tracing import tracing
from core.settings import load_settings

EXIT_OK: Final = 0
EXIT_SETTINGS: Final = 2
EXIT_MODELS: Final = 3
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("worker")


def main() -> int:
    """Run the worker until SIGTERM, SIGINT or a notice of EC2's; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    configure_logs("INFO")  # until the settings say otherwise
    log_uncaught_errors()
    # Only here: every child process loads this module again, and needs none of these parts.
    from core.bootstrap.infrastructure import Infrastructure
    from core.bootstrap.observing import check_observing, start_reports, start_tracing
    from core.bootstrap.store_at_start import check_store
    from core.bootstrap.worker import build_worker

    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        check_observing(settings)
        start_reports(settings, "efr-worker")
        check_store(settings)
        infrastructure = Infrastructure.of(settings, long_poll_s=settings.sqs_wait_time_seconds)
        parts = build_worker(settings, infrastructure)
    except InvalidSettings as error:
        log_invalid_settings(error)
        return EXIT_SETTINGS
    ending = _Ending(parts.stop)
    for number in SIGNALS:
        signal.signal(number, ending.on_signal)
    if not parts.host.is_clear():
        return EXIT_OK
    if settings.metrics_port is not None and shared_folder() is None:
        exposition.show(settings.metrics_port + 2, settings.metrics_host)
    parts.host.start()
    metrics().engine.labels(
        settings.face_engine, settings.executor, "cuda" if settings.face_cuda else "processor"
    ).set(1)
    try:
        parts.start()  # galleries are loaded while the children load their models
    except DataTooNew as error:
        log_invalid_settings(error)
        parts.host.close()
        return EXIT_SETTINGS
    try:
        parts.pool.launch()
        with ending.at_once():
            parts.pool.wait_until_ready()
    except SystemExit:
        parts.pool.stop()
        return EXIT_OK
    except (ModelError, RecognizerDied) as error:
        log.exception("models could not be loaded", extra={"code": error.code})
        parts.pool.stop()
        return EXIT_MODELS
    start_tracing(settings, "efr-worker")  # not before: what forks must have no threads
    parts.worker.run()
    tracing().stop()
    parts.host.close()
    return EXIT_OK


class _Ending:
    """What a signal does: it asks the worker to end."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._was_asked = False
        self._is_at_once = False

    def on_signal(self, *_: object) -> None:
        self._was_asked = True
        self._stop()
        if self._is_at_once:
            raise SystemExit

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """End the block by ``SystemExit``: a child that hangs at its start is waited for long.

        Not for a block that starts processes: one that was not yet noted would be left behind.
        """
        self._is_at_once = True
        try:
            if self._was_asked:
                raise SystemExit
            yield
        finally:
            self._is_at_once = False


if __name__ == "__main__":
    sys.exit(main())
