"""A fleet of worker processes on this machine."""

import logging
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

log = logging.getLogger(__name__)

_LIVED_S: Final = 30.0
"""A worker that dies younger than this has probably not started at all."""
_FIRST_PAUSE_S: Final = 1.0
_MAX_PAUSE_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class _Started:
    process: subprocess.Popen[bytes]
    at_s: float


class LocalWorkers:
    """Starts worker processes and stops them by SIGTERM; keeps the contract of ``WorkerFleet``.

    A worker that died is not counted any more, so the next ``scale_to()``
    replaces it. After a worker that died young nothing is started for a pause,
    which doubles with each further one.

    Parameters
    ----------
    command : sequence of str
        Starts one worker, which drains on SIGTERM.
    drain_s : float
        Time after which a worker that was told to stop is killed. SQS delivers
        its jobs again.
    environment : mapping or None
        Variables of the workers; None for this process's own.
    output : file or None
        Where workers write; None for where this process writes.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        drain_s: float,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = list(command)
        self._drain_s = drain_s
        self._environment = environment
        self._output = output
        self._clock = clock
        self._workers: list[_Started] = []
        self._draining: list[_Started] = []
        self._pause_s = 0.0
        self._not_before_s = clock()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that serve, oldest first."""
        return [worker.process.pid for worker in self._workers]

    def count(self) -> int:
        for worker in [each for each in self._workers if each.process.poll() is not None]:
            self._workers.remove(worker)
            self._note_death(worker)
        self._end_drained()
        return len(self._workers)

    def scale_to(self, workers: int) -> None:
        missing = workers - self.count()
        if missing > 0 and self._clock() >= self._not_before_s:
            self._workers += [self._start() for _ in range(missing)]
        for worker in self._workers[workers:]:
            worker.process.terminate()
            self._draining.append(_Started(process=worker.process, at_s=self._clock()))
        del self._workers[workers:]

    def close(self) -> None:
        self.scale_to(0)
        for worker in self._draining:
            left_s = worker.at_s + self._drain_s - self._clock()
            try:
                worker.process.wait(timeout=max(0.0, left_s))
            except subprocess.TimeoutExpired:
                self._kill(worker)
        self._draining.clear()

    def _start(self) -> _Started:
        process = subprocess.Popen(  # noqa: S603 - the operator's own command
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT if self._output else None,
            # A Ctrl-C is for the autoscaler, which then has the workers drain.
            start_new_session=True,
        )
        log.info("worker was started", extra={"pid": process.pid})
        return _Started(process=process, at_s=self._clock())

    def _note_death(self, worker: _Started) -> None:
        now_s = self._clock()
        young = now_s - worker.at_s < _LIVED_S
        self._pause_s = min(_MAX_PAUSE_S, self._pause_s * 2 or _FIRST_PAUSE_S) if young else 0.0
        self._not_before_s = now_s + self._pause_s
        log.warning(
            "worker died",
            extra={
                "pid": worker.process.pid,
                "exit_code": worker.process.returncode,
                "pause_s": self._pause_s,
            },
        )

    def _end_drained(self) -> None:
        """Forget the workers that have stopped, and kill those that take too long."""
        for worker in self._draining:
            if worker.process.poll() is None and self._clock() >= worker.at_s + self._drain_s:
                self._kill(worker)
        self._draining = [each for each in self._draining if each.process.poll() is None]

    def _kill(self, worker: _Started) -> None:
        worker.process.kill()
        worker.process.wait()
        log.error("worker did not drain and was killed", extra={"pid": worker.process.pid})
