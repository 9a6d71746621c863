"""The threads of one lane: one receives ahead, several handle what it received."""

import logging
import threading
import time
from dataclasses import replace
from typing import Final

from core.errors import ServiceUnavailable
from core.host.logs import log_fields
from core.host.metrics import metrics
from core.host.tracing import JOB, Attributes, tracing
from core.worker.attempts import Attempt
from core.worker.job_metrics import count_outcome, note_wait
from core.worker.lane import Lane
from core.worker.outcomes import ANSWERED, Outcome
from core.worker.prefetch_buffer import PrefetchBuffer
from core.worker.unreadable import job_id_in

log = logging.getLogger(__name__)

_MAX_PAUSE_S: Final = 10.0
_NOT_NOW_S: Final = 1.0
_FAILURES: Final = frozenset(Outcome) - ANSWERED - {Outcome.RELEASED}


class LaneConsumer:
    """Receives and handles the messages of a lane.

    Parameters
    ----------
    lane : Lane
    threads : int
        Messages that are handled at a time.
    capacity : int
        Messages that are received ahead at most.
    wait_s : float
        Long poll of one receive.
    """

    def __init__(self, lane: Lane, *, threads: int, capacity: int, wait_s: float) -> None:
        self._lane = lane
        self._inbox = lane.inbox
        self._wait_s = wait_s
        self._buffer = PrefetchBuffer(
            capacity=capacity,
            clock=lane.inbox.clock,
        )
        self._stopped = threading.Event()
        self._receiver = threading.Thread(
            target=self._receive_until_stopped, name=f"{self._inbox.name}-receiver", daemon=True
        )
        self._handlers = [
            threading.Thread(
                target=self._handle_until_ended, name=f"{self._inbox.name}-{n}", daemon=True
            )
            for n in range(threads)
        ]

    def start(self) -> None:
        self._inbox.start()
        for thread in (self._receiver, *self._handlers):
            thread.start()

    def is_well(self) -> bool:
        """Tell whether all threads are there."""
        return all(thread.is_alive() for thread in (self._receiver, *self._handlers))

    def housekeep(self) -> None:
        """Keep waiting messages hidden, and try those again whose pause is over."""
        self._inbox.keep_hidden(waits=self._buffer.look())

    def step(self) -> list[Outcome]:
        """Receive once and handle what came, in this thread."""
        self._receive(self._inbox.receivable(self._buffer.room()), wait_s=0)
        outcomes: list[Outcome] = []
        while attempt := self._buffer.take_at_once():
            outcomes += self._handle(attempt)
        self._inbox.flush()
        return outcomes

    def stop_receiving(self) -> None:
        """Release what has not begun, and what a receive under way still brings."""
        self._stopped.set()
        self._inbox.release(self._buffer.close())

    def finish(self, until_s: float) -> int:
        """Wait until what has begun is done; return how much is not at that monotonic time."""
        _join([self._receiver], until_s)
        self._inbox.release(self._buffer.end())
        _join(self._handlers, until_s)
        return sum(thread.is_alive() for thread in self._handlers)

    def release_unfinished(self) -> None:
        """Let a job whose child is stopped go back to the queue at once."""
        self._lane.handler.release_unfinished()

    def close(self) -> None:
        """Wait for the last threads, and delete the last messages."""
        _join(self._handlers)
        self._inbox.stop()

    def _receive_until_stopped(self) -> None:
        pause_s = 0.0
        while not self._stopped.wait(pause_s):
            try:
                limit = self._inbox.receivable(self._buffer.wait_for_room())
                self._receive(limit, wait_s=self._wait_s)
                pause_s = 0.0 if limit else _NOT_NOW_S
            except ServiceUnavailable as error:
                pause_s = min(_MAX_PAUSE_S, pause_s * 2 or 0.5)
                metrics().errors.labels(error.code).inc()
                log.warning(
                    "worker paused",
                    extra={"code": error.code, "reason": str(error), "pause_s": pause_s},
                )
            except Exception:
                pause_s = _MAX_PAUSE_S
                log.exception("receiving broke off", extra={"pause_s": pause_s})

    def _receive(self, limit: int, *, wait_s: float) -> None:
        if limit:
            deliveries = self._inbox.receive(limit=limit, wait_s=wait_s)
            ages_s = [delivery.message.age_s for delivery in deliveries]
            metrics().waited.labels(self._inbox.name).set(max(ages_s, default=0.0))
            if deliveries:
                self._lane.on_work()
            # The buffer may have been closed while the long poll ran.
            self._inbox.release(self._buffer.put(deliveries))

    def _handle_until_ended(self) -> None:
        while attempt := self._buffer.take():
            self._handle(attempt)

    def _handle(self, attempt: Attempt) -> list[Outcome]:
        """Handle a message; its log lines, and its trace, say which job it is about."""
        job_id = job_id_in(attempt.delivery.body)
        with log_fields(**({} if job_id is None else {"job_id": job_id})):
            return self._handle_noted(attempt, {} if job_id is None else {JOB: job_id})

    def _handle_noted(self, attempt: Attempt, job: Attributes) -> list[Outcome]:
        """Return its outcome, nothing if it was lost while it waited."""
        if not attempt.delivery.is_hidden:
            attempt.delivery.let_go()
            self._buffer.ended(attempt)
            log.warning("message was lost before its turn", extra={"lane": self._inbox.name})
            return []
        if not attempt.failures:
            note_wait(self._inbox.name, attempt.delivery.message.age_s)
        outcome = self._traced(attempt, job)
        if outcome is Outcome.REFUSED:
            self._set_aside(replace(attempt, is_refused=True))
        elif outcome is Outcome.LEFT_ALONE:
            is_odd = attempt.is_odd and not attempt.is_refused
            self._set_aside(replace(attempt, is_odd=is_odd, is_refused=False))
        elif outcome in ANSWERED:
            self._buffer.answered()
        else:
            self._buffer.ended(attempt)
        return [outcome]

    def _traced(self, attempt: Attempt, job: Attributes) -> Outcome:
        message, lane = attempt.delivery.message, self._inbox.name
        told: Attributes = {
            "queue": lane,
            "receive_count": message.receive_count,
            "waited_ms": round(message.age_s * 1000),
        }
        with tracing().entry("handle", message.notes, {**told, **job}, name=f"handle {lane}") as it:
            outcome = self._outcome(attempt)
            it.set({"outcome": outcome.value}, failed=outcome in _FAILURES)
        return outcome

    def _outcome(self, attempt: Attempt) -> Outcome:
        try:
            return self._lane.handler.handle(
                attempt.delivery, again=attempt.failures > 0, give_up=attempt.is_last
            )
        except Exception:
            log.exception("job handling broke off")
            count_outcome(self._inbox.name, Outcome.LEFT_ALONE.value)
            return Outcome.LEFT_ALONE

    def _set_aside(self, attempt: Attempt) -> None:
        """Keep the message, hidden, until it can be tried again; a stopped worker releases it."""
        if self._stopped.is_set():
            self._buffer.ended(attempt)
            attempt.delivery.release()
            return
        pause_s = self._buffer.set_aside(attempt)
        if pause_s is not None:
            log.warning("worker paused", extra={"lane": self._inbox.name, "pause_s": pause_s})


def _join(threads: list[threading.Thread], until_s: float | None = None) -> None:
    """Wait for those threads that were started, until a monotonic time."""
    for thread in threads:
        if thread.is_alive():
            thread.join(None if until_s is None else max(0.0, until_s - time.monotonic()))
