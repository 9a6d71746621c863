"""Warm child processes under a hard deadline.

Each child is a Pebble pool of its own with one process: a child that hangs,
crashes or is killed can't disturb its neighbours, which share a pipe and a
lock in a pool of several. A child loads its models once, and is killed and
replaced when it goes over the deadline.
"""

import ctypes
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from core.errors import RecognitionTimedOut, RecognizerDied
from core.faces.results import Recognition
from core.logs import configure_logs
from core.ports import Recognizer
from core.warm_pool import START_TIMEOUT_S, WarmPool

_PR_SET_PDEATHSIG: Final = 1

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
    """

    def __init__(self, load: Callable[[], Recognizer], *, processes: int, timeout_s: float) -> None:
        super().__init__([_Child(load) for _ in range(processes)], timeout_s=timeout_s)


class _Child:
    """One process, started again after every end until it is retired."""

    def __init__(self, load: Callable[[], Recognizer]) -> None:
        self._load = load
        self._pool: ProcessPool | None = None
        self._pid: int | None = None
        self._pending: ProcessFuture[Any] | None = None
        self._retired = False
        self._lock = threading.RLock()

    def launch(self) -> None:
        with self._lock:
            if self._retired:
                raise RecognizerDied("the pool was stopped")
            self._pool = ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn"))
            level = logging.getLevelName(logging.getLogger().level)
            self._pending = self._pool.schedule(_start, args=[self._load, level])

    def wait_until_ready(self) -> None:
        try:
            self._pid = self._answer(START_TIMEOUT_S)
        except FutureTimeoutError as error:
            self.kill()
            raise RecognizerDied(f"the child did not start in {START_TIMEOUT_S:g} s") from error

    def recognise(self, photo: bytes, *, timeout_s: float) -> Recognition:
        self._ensure_ready()
        self._schedule(photo)
        try:
            recognition: Recognition = self._answer(timeout_s)
        except FutureTimeoutError as error:
            self.kill()
            raise RecognitionTimedOut(
                f"no answer within JOB_TIMEOUT_SECONDS ({timeout_s:g})"
            ) from error
        except MemoryError as error:
            raise RecognizerDied("the child process ran out of memory") from error
        return recognition

    def kill(self) -> None:
        """End the process at once; whoever waits for its answer gets ``RecognizerDied``."""
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

    def _schedule(self, photo: bytes) -> None:
        with self._lock:
            if self._pool is None:
                raise RecognizerDied("the pool was stopped")
            try:
                self._pending = self._pool.schedule(_recognise, args=[photo])
            except RuntimeError as error:  # it has broken since we looked
                self.kill()
                raise RecognizerDied("the child process ended before it began") from error

    def _answer(self, timeout_s: float) -> Any:
        """Return what the child answers, or raise what it raised."""
        pending = self._pending
        assert pending is not None  # noqa: S101 - scheduled by the caller
        try:
            return pending.result(timeout=timeout_s)
        except (ProcessExpired, BrokenProcessPool) as error:
            self.kill()
            raise RecognizerDied(f"the child process ended without an answer: {error}") from error


def _start(load: Callable[[], Recognizer], log_level: str) -> int:
    """Run in the child: leave the parent's process group, die with it, load the models."""
    global _recognizer
    configure_logs(log_level)
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _recognizer = load()
    return os.getpid()


def _recognise(photo: bytes) -> Recognition:
    assert _recognizer is not None  # noqa: S101 - _start ran before
    return _recognizer.recognise(photo)
