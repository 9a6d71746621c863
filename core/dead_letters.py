"""Gives every job in the dead-letter queue a ``failed`` result.

A job gets there without one when each of its attempts took the whole worker
down. The messages stay in the queue for the operator.
"""

import logging
from collections.abc import Callable
from typing import Final

from core.errors import MalformedMessage, ServiceUnavailable
from core.jobs import Job, failed
from core.logs import log_fields
from core.ports import JobQueue, ReceivedMessage
from core.results import Results

log = logging.getLogger(__name__)

ABANDONED: Final = "JOB_ABANDONED"
_MAX_SWEPT: Final = 500
"""Bounds how long one sweep keeps the worker from receiving."""


class DeadLetterSweeper:
    """Sweeps the dead-letter queue from time to time.

    Parameters
    ----------
    queue : JobQueue
        The dead-letter queue.
    results : Results
    interval_s : float
        Time between two sweeps.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        queue: JobQueue,
        results: Results,
        *,
        interval_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._results = results
        self._interval_s = interval_s
        self._hidden_s = 60 + 2 * interval_s
        self._clock = clock
        self._due_s = clock()

    def sweep_if_due(self) -> None:
        """Sweep unless the last sweep is younger than the interval."""
        if self._clock() < self._due_s:
            return
        self._due_s = self._clock() + self._interval_s
        try:
            self.sweep()
        except ServiceUnavailable as error:
            log.warning("dead letters were not swept", extra={"reason": str(error)})

    def sweep(self) -> int:
        """Write the missing results; return how many there were.

        Messages are hidden only while the sweep lasts, so that an operator can
        read and redrive them. Where there are more than one sweep can take,
        they stay hidden a little longer, and the next sweep goes on behind them.
        """
        swept: list[ReceivedMessage] = []
        reached_end = False
        while len(swept) < _MAX_SWEPT and not reached_end:
            messages = self._queue.receive(limit=10, wait_s=0, visibility_s=self._hidden_s)
            swept += messages
            reached_end = not messages
        written = sum(self._fail(message.body) for message in swept)
        if reached_end:
            for message in swept:
                self._queue.set_visibility(message, 0)
        return written

    def _fail(self, body: str) -> bool:
        try:
            job = Job.from_body(body)
        except MalformedMessage:
            return False
        if self._results.read(job.job_id) is not None:
            return False
        result = failed(job, ABANDONED, "no attempt came to an end; the workers gave up")
        with log_fields(job_id=job.job_id):
            written = self._results.write(job, result)
            if written:
                log.error("abandoned job was failed", extra={"code": ABANDONED})
        return written
