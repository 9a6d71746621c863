"""The worker: receives messages, handles as many at a time as there are children."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from typing import Final

from core.dead_letters import DeadLetterSweeper
from core.errors import MalformedMessage, ServiceUnavailable
from core.job_handler import JobHandler, Outcome
from core.jobs import Job
from core.logs import log_fields
from core.ports import JobQueue, ReceivedMessage
from core.visibility import VisibilityHeartbeat

log = logging.getLogger(__name__)

_MAX_BATCH: Final = 10
_SLOT_WAIT_S: Final = 1.0
_MAX_PAUSE_S: Final = 10.0


class Worker:
    """Runs until it is told to stop.

    Parameters
    ----------
    slots : int
        Messages that are handled at a time; one a child process.
    wait_s : float
        Long poll of one receive.
    grace_s : float
        Time that running jobs get to finish after ``stop()``.
    check_stores : callable
        Raises ``ServiceUnavailable`` while S3 is away.
    stop_recognizer : callable
        Kills what still runs when the grace is over.
    on_alive : callable
        Called in every round, for health checks.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        handler: JobHandler,
        heartbeat: VisibilityHeartbeat,
        sweeper: DeadLetterSweeper,
        slots: int,
        wait_s: float,
        grace_s: float,
        check_stores: Callable[[], None],
        stop_recognizer: Callable[[], None],
        on_alive: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._heartbeat = heartbeat
        self._sweeper = sweeper
        self._wait_s = wait_s
        self._grace_s = grace_s
        self._check_stores = check_stores
        self._stop_recognizer = stop_recognizer
        self._on_alive = on_alive
        self._free_slots = threading.Semaphore(slots)
        self._threads = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="job")
        self._running: set[Future[Outcome]] = set()
        self._stores_in_doubt = threading.Event()
        self._stops: SimpleQueue[None] = SimpleQueue()

    def stop(self) -> None:
        """Ask ``run()`` to end; safe to call from a signal handler."""
        self._stops.put(None)

    def run(self) -> None:
        """Receive and handle until ``stop()``, then drain."""
        self._heartbeat.start()
        log.info("worker started")
        pause_s = 0.0
        while not self._stopping(pause_s):
            try:
                self._on_alive()
                self.run_once()
                pause_s = 0.0
            except ServiceUnavailable as error:
                pause_s = min(_MAX_PAUSE_S, pause_s * 2 or 0.5)
                log.warning(
                    "worker paused",
                    extra={"code": error.code, "reason": str(error), "pause_s": pause_s},
                )
            except Exception:
                pause_s = _MAX_PAUSE_S
                log.exception("worker's round broke off", extra={"pause_s": pause_s})
        self.drain()

    def run_once(self) -> list[Future[Outcome]]:
        """Receive once and start the handling of what came."""
        self._sweeper.sweep_if_due()
        if self._stores_in_doubt.is_set():
            # Receiving while S3 is away would only use up the messages' attempts.
            self._check_stores()
            self._stores_in_doubt.clear()
        slots = self._take_slots()
        started: list[Future[Outcome]] = []
        try:
            if slots:
                messages = self._queue.receive(limit=slots, wait_s=self._wait_s)
                started = [self._start(message) for message in messages]
        finally:
            for _ in range(slots - len(started)):
                self._free_slots.release()
        return started

    def _take_slots(self) -> int:
        """Wait a moment for a free slot; return how many were taken."""
        if not self._free_slots.acquire(timeout=_SLOT_WAIT_S):
            return 0
        slots = 1
        while slots < _MAX_BATCH and self._free_slots.acquire(blocking=False):
            slots += 1
        return slots

    def _start(self, message: ReceivedMessage) -> Future[Outcome]:
        future = self._threads.submit(self._handle, message)
        self._running.add(future)
        future.add_done_callback(self._finish)
        return future

    def _handle(self, message: ReceivedMessage) -> Outcome:
        try:
            job = Job.from_body(message.body)
        except MalformedMessage as error:
            return self._handler.discard(message, error)
        with log_fields(job_id=job.job_id):
            try:
                outcome = self._handler.handle(job, message)
            except Exception:
                log.exception("job handling broke off")
                return Outcome.LEFT_ALONE
        if outcome is Outcome.LEFT_ALONE:
            self._stores_in_doubt.set()
        return outcome

    def _finish(self, future: Future[Outcome]) -> None:
        self._running.discard(future)
        self._free_slots.release()

    def _stopping(self, pause_s: float) -> bool:
        """Sleep for the pause, but not past a stop."""
        try:
            self._stops.get(block=pause_s > 0, timeout=pause_s or None)
        except Empty:
            return False
        return True

    def drain(self) -> None:
        """Let running jobs finish within the grace, give the others back, end all threads."""
        log.info("worker is draining", extra={"running": len(self._running)})
        _, unfinished = wait(set(self._running), timeout=self._grace_s)
        if unfinished:
            self._handler.release_unfinished()
        self._stop_recognizer()
        wait(unfinished)
        self._heartbeat.stop()
        self._threads.shutdown()
        log.info("worker stopped", extra={"released": len(unfinished)})
