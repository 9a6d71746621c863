"""Warm child processes under a hard deadline.

Each child is a Pebble pool of its own with one process: a child that hangs,
crashes or is killed can't disturb its neighbours, which share a pipe and a
lock in a pool of several. A child loads its models once, and is killed and
replaced when it goes over the deadline.

A child decodes what strangers send. It is confined (`core.executors.confinement`), and what it says
is read as plain data (`core.executors.plain_answers`).
"""

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from functools import cache

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from core.errors import RecognitionTimedOut, RecognizerDied
from core.executors.confinement import Confinement, allow_processor_seconds
from core.executors.plain_answers import (
    Started,
    read_recognition,
    read_start,
    recognition_answer,
    start_answer,
)
from core.executors.plain_pipes import PlainContext
from core.executors.pool import START_TIMEOUT_S, WarmPool
from core.faces.results import Needed, Recognition
from core.host.logs import configure_logs
from core.ports import Recognizer

log = logging.getLogger(__name__)

_recognizer: Recognizer | None = None  # in a child: what `load` returned


class TimedPool(WarmPool):
    """A Recognizer that runs each photo in a child process.

    Parameters
    ----------
    load : callable
        Runs once in every child and returns its recogniser; must be picklable.
    processes : int
        Children, and so the photos that are recognised at a time.
    timeout_s : float
        Deadline of one photo; a child that goes over it is killed.
    confinement : Confinement, optional
        What a child is left with.
    """

    def __init__(
        self,
        load: Callable[[], Recognizer],
        *,
        processes: int,
        timeout_s: float,
        confinement: Confinement | None = None,
    ) -> None:
        confinement = confinement or Confinement()
        children = [_Child(load, confinement) for _ in range(processes)]
        super().__init__(children, timeout_s=timeout_s)


class _Child:
    """One process, started again after every end until it is retired."""

    def __init__(self, load: Callable[[], Recognizer], confinement: Confinement) -> None:
        self._load = load
        self._confinement = confinement
        self._pool: ProcessPool | None = None
        self._pid: int | None = None
        self._pending: ProcessFuture[bytes] | None = None
        self._retired = False
        self._lock = threading.RLock()

    def launch(self) -> None:
        with self._lock:
            if self._retired:
                raise RecognizerDied("the pool was stopped")
            self._pool = ProcessPool(max_workers=1, context=PlainContext())
            level = logging.getLevelName(logging.getLogger().level)
            self._pending = self._pool.schedule(_start, args=[self._load, self._confinement, level])

    def wait_until_ready(self) -> None:
        try:
            started = read_start(self._answer(START_TIMEOUT_S))
        except FutureTimeoutError as error:
            self.kill()
            raise RecognizerDied(f"the child did not start in {START_TIMEOUT_S:g} s") from error
        self._pid = started.pid
        _log_gaps(started.not_allowed)

    def recognise(self, photo: bytes, needed: Needed, *, timeout_s: float) -> Recognition:
        self._ensure_ready()
        self._schedule(photo, needed, timeout_s)
        try:
            return read_recognition(self._answer(timeout_s))
        except FutureTimeoutError as error:
            self.kill()
            raise RecognitionTimedOut(
                f"no answer within JOB_TIMEOUT_SECONDS ({timeout_s:g})"
            ) from error
        except MemoryError as error:
            raise RecognizerDied("the child process ran out of memory") from error

    def kill(self) -> None:
        """End the process at once; a call that waits for its answer gets ``RecognizerDied``."""
        with self._lock:
            if self._pool is None:
                return
            # A child that hangs in native code never runs the handler of a polite SIGTERM.
            for process in multiprocessing.active_children():
                if process.pid == self._pid:
                    process.kill()
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            if self._pending is not None and not self._pending.done():  # Pebble leaves it so
                self._pending.set_exception(BrokenProcessPool("the child process was stopped"))
            self._pool = None
            self._pid = None

    def retire(self) -> None:
        """End the process and never start it again."""
        with self._lock:
            self._retired = True
            self.kill()

    def _ensure_ready(self) -> None:
        with self._lock:
            if self._pool is not None and self._pid is not None and self._pool.active:
                return
            self.kill()
            self.launch()
        self.wait_until_ready()

    def _schedule(self, photo: bytes, needed: Needed, timeout_s: float) -> None:
        with self._lock:
            if self._pool is None:
                raise RecognizerDied("the pool was stopped")
            try:
                self._pending = self._pool.schedule(_recognise, args=[photo, needed, timeout_s])
            except RuntimeError as error:  # it has broken since we looked
                self.kill()
                raise RecognizerDied("the child process ended before it began") from error

    def _answer(self, timeout_s: float) -> bytes:
        """Return what the child answers."""
        pending = self._pending
        assert pending is not None  # noqa: S101 - scheduled by the caller
        try:
            return pending.result(timeout=timeout_s)
        except (ProcessExpired, BrokenProcessPool) as error:
            self.kill()
            raise RecognizerDied(f"the child process ended without an answer: {error}") from error


@cache
def _log_gaps(not_allowed: tuple[str, ...]) -> None:
    """Say once in which ways children can't be confined on this system."""
    if not_allowed:
        log.warning("children are confined less than they could be", extra={"lacks": not_allowed})


def _start(load: Callable[[], Recognizer], confinement: Confinement, log_level: str) -> bytes:
    """Run in the child: leave the parent's process group, be confined, load the models."""

    def start() -> Started:
        global _recognizer
        configure_logs(log_level)
        os.setpgid(0, 0)
        not_allowed = confinement.apply()
        _recognizer = load()
        return Started(pid=os.getpid(), not_allowed=not_allowed)

    return start_answer(start)


def _recognise(photo: bytes, needed: Needed, timeout_s: float) -> bytes:
    recognizer = _recognizer
    assert recognizer is not None  # noqa: S101 - _start ran before
    allow_processor_seconds(timeout_s * len(os.sched_getaffinity(0)))
    return recognition_answer(lambda: recognizer.recognise(photo, needed))
