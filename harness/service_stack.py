"""Web tier, workers and autoscaler of a trial, whatever they run on."""

import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol, Self

import psutil

from core.ports import Bucket, JobQueue
from core.scaling.policy import Depth
from core.settings import Settings
from harness.processes import Process, WebProcess, WorkerProcess
from harness.timeline import workers_below


class Ports(Protocol):
    """Buckets and queues by their names, and what counts the messages of several queues."""

    @property
    def bucket(self) -> Callable[[str], Bucket]: ...

    @property
    def queue(self) -> Callable[[str], JobQueue]: ...

    @property
    def depth(self) -> Callable[[Sequence[str], Sequence[str]], Callable[[], Depth]]: ...


class ServiceStack(ABC):
    """Started and ended by ``with``; what it writes goes to a folder.

    Parameters
    ----------
    folder : Path
        Where logs go.
    workers : int
        Workers that are started with it.
    settings
        What differs from the defaults.
    """

    settings: Settings
    ports: Ports
    """How a trial looks at buckets and queues, without the service."""
    numbers: Path | None = None
    """Where the workers count together, if somebody else is to show it."""

    def __init__(self, folder: Path, *, workers: int = 1, **settings: object) -> None:
        self._folder = folder
        self._first_workers = workers
        self._changes = settings
        self._started = 0
        self._parts = ExitStack()
        self._prefix: Sequence[str] = ()
        self.workers: list[WorkerProcess] = []
        self.autoscaler: Process | None = None
        self.ended_by_itself: list[str] = []
        """Logs of processes that had ended before `kill_everything` came to them."""

    @abstractmethod
    def _begin(self, parts: ExitStack) -> Settings:
        """Start what the processes run on; return their settings."""

    def __enter__(self) -> Self:
        with self._parts as parts:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._seen = self._begin(parts)
            parts.callback(self._stop_processes)
            self._start_processes()
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def _start_processes(self) -> None:
        self.start_web()
        for _ in range(self._first_workers):
            self.start_worker()
        self.web.started()
        for worker in self.workers:
            worker.started()

    def _stop_processes(self) -> None:
        if self.autoscaler is not None:
            self.autoscaler.stop()
        for process in (*self.workers, self.web):
            process.stop()

    @property
    def address(self) -> str:
        return self.web.address

    @property
    def processes(self) -> list[Process]:
        return [self.web, *self.workers]

    def depth(self, queue: str = "") -> Depth:
        """Count the messages of a queue; of both queues of jobs unless one is named."""
        jobs = [self.settings.sqs_req_queue_name, self.settings.sqs_index_queue_name]
        return self.ports.depth([queue] if queue else jobs, [])()

    def start_web(self) -> WebProcess:
        self.web = WebProcess(self._seen, self._folder / "web.log", prefix=self._prefix)
        return self.web

    def start_worker(self, **changes: str) -> WorkerProcess:
        self._started += 1
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(self.numbers)} if self.numbers else {}
        log = self._folder / f"worker-{self._started}.log"
        worker = WorkerProcess(self._seen, log, prefix=self._prefix, **shared | changes)
        self.workers.append(worker)
        return worker

    def start_autoscaler(self, **changes: str) -> Process:
        command = [sys.executable, "-m", "efr_cli", "autoscaler"]
        log = self._folder / "autoscaler.log"
        self.autoscaler = Process(command, self._seen, log, **changes)
        return self.autoscaler

    def restart_everything(self) -> None:
        """Kill web tier, workers and all their children with no word of warning; start again."""
        self._kill(self.processes)
        self._begin_again()

    def kill_web(self) -> None:
        """Kill the web tier and start another one."""
        self._kill([self.web])
        self.start_web().started()

    def _begin_again(self) -> None:
        self.workers.clear()
        self._start_processes()

    def _kill(self, processes: Sequence[Process]) -> None:
        running = [psutil.Process(each.pid) for each in processes if each.is_running]
        self.ended_by_itself += [each.log.name for each in processes if not each.is_running]
        everything = [*running, *(c for each in running for c in each.children(recursive=True))]
        for each in everything:
            with suppress(psutil.NoSuchProcess):  # a child, ended with its parent
                each.send_signal(signal.SIGKILL)
        for process in processes:
            process.wait()
        psutil.wait_procs(everything, timeout=20)

    def worker_pids(self) -> list[int]:
        """Return the worker daemons that run, however they were started."""
        started = [self.autoscaler.pid] if self.autoscaler else []
        return workers_below([*started, *(worker.pid for worker in self.workers)])
