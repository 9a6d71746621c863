"""Notices that the machine is about to end, so that the worker drains in time."""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

from core.errors import ServiceUnavailable
from core.host.metrics import metrics

log = logging.getLogger(__name__)

INTERVAL_S: Final = 5.0
"""What EC2 recommends; an interruption is announced two minutes ahead."""


class NoticeWatcher:
    """Looks for a notice at every interval.

    Parameters
    ----------
    ask : callable
        Returns the notice, None while there is none; raises ``ServiceUnavailable``
        when it can't tell, which counts as none.
    interval_s : float
    """

    def __init__(self, ask: Callable[[], str | None], *, interval_s: float = INTERVAL_S) -> None:
        self._ask = ask
        self._interval_s = interval_s
        self._in_trouble = False
        self._stops: SimpleQueue[None] = SimpleQueue()

    def wait_until_clear(self, on_wait: Callable[[], None]) -> bool:
        """Wait as long as a notice stands; return False if ``stop()`` ended the wait.

        Parameters
        ----------
        on_wait : callable
            Called in every interval, for health checks.
        """
        notice = self.look()
        if notice is None:
            return True
        log.warning("worker was held back on a machine that ends", extra={"notice": notice})
        while notice is not None or self._in_trouble:
            on_wait()
            if self._stopped():
                return False
            notice = self.look()
        log.info("notice was withdrawn")
        return True

    def start(self, on_notice: Callable[[], None]) -> None:
        """Call back once, from a thread of its own, when there is a notice."""
        threading.Thread(
            target=self._watch, args=[on_notice], name="notice-watcher", daemon=True
        ).start()

    def stop(self) -> None:
        """Look no more; safe to call from a signal handler."""
        self._stops.put(None)

    def look(self) -> str | None:
        """Return the notice, if there is one; log trouble when it begins and when it ends."""
        try:
            notice = self._ask()
        except ServiceUnavailable as error:
            if not self._in_trouble:
                log.warning("notices could not be read", extra={"reason": str(error)})
            self._in_trouble = True
            return None
        if self._in_trouble:
            log.info("notices could be read again")
        self._in_trouble = False
        return notice

    def _watch(self, on_notice: Callable[[], None]) -> None:
        notice = None
        while notice is None and not self._stopped():
            try:
                notice = self.look()
            except Exception:
                log.exception("looking for notices broke off")
        if notice is not None:
            metrics().notices.inc()
            log.warning("machine was announced to end", extra={"notice": notice})
            on_notice()

    def _stopped(self) -> bool:
        """Sleep for the interval, but not past ``stop()``; tell whether it was called."""
        try:
            self._stops.get(timeout=self._interval_s)
        except Empty:
            return False
        return True
