"""Warm Ray actors under a hard deadline: children on one big machine, or on several.

The rules are those of `core.executors.process_pool`: an actor loads its models once, and is
killed and replaced when it goes over the deadline. Ray itself restarts nothing.
"""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from core.errors import RecognitionFailed, RecognitionTimedOut, RecognizerDied
from core.executors.confinement import forget_environment
from core.executors.pool import START_TIMEOUT_S, WarmPool
from core.executors.ray_cluster import RayCluster, require_ray
from core.faces.results import Needed, Recognition
from core.ports import Recognizer

Load = Callable[[], Recognizer]


class RayPool(WarmPool):
    """A Recognizer that runs each photo in a Ray actor.

    `start` and `stop` belong into a thread that lives as long as the pool: a
    local cluster ends with the thread that started it.

    Parameters
    ----------
    prepare : callable
        Runs once, here, at the start. What it returns runs once in every actor and
        returns the actor's recogniser; arrays in it are kept in Ray's object store,
        once a machine.
    actors : int
        Children, and so the photos that are recognised at a time; a processor core each.
    timeout_s : float
        Deadline of one photo; an actor that goes over it is killed.
    address : str, optional
        Cluster to join. Without it, one of this machine that ends with the pool.
    start_timeout_s : float
        Time in which an actor must have loaded its models.

    Raises
    ------
    InvalidSettings
        If Ray is not installed.
    """

    def __init__(
        self,
        prepare: Callable[[], Load],
        *,
        actors: int,
        timeout_s: float,
        address: str | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        require_ray()
        self._prepare = prepare
        self._cluster = RayCluster(address, cores=actors)
        self._actors = [_Actor(start_timeout_s) for _ in range(actors)]
        super().__init__(self._actors, timeout_s=timeout_s)

    def launch(self) -> None:
        """Join or start the cluster and begin to start all actors.

        Raises
        ------
        ModelError
            If the models are missing.
        RecognizerDied
            If there is no such cluster.
        """
        import ray

        prepared = self._prepare()
        self._cluster.join()
        load = ray.put(prepared)
        for actor in self._actors:
            actor.load = load
        super().launch()

    def stop(self) -> None:
        """Kill all actors for good, and a cluster of our own with them."""
        super().stop()
        # Ray must not be left while a thread waits for its answer; all end now.
        idle = [self._free.get() for _ in self._children]
        self._cluster.leave()
        for child in idle:
            self._free.put(child)


class _Actor:
    """One actor, replaced after every end until it is retired."""

    def __init__(self, start_timeout_s: float) -> None:
        self.load: Any = None
        self._start_timeout_s = start_timeout_s
        self._handle: Any = None
        self._loaded: Any = None
        self._retired = False
        self._lock = threading.Lock()

    def launch(self) -> None:
        with self._lock:
            if self._retired:
                raise RecognizerDied("the pool was stopped")
            self._handle = _actor_kind().remote(self.load)
            self._loaded = self._handle.load.remote()

    def wait_until_ready(self) -> None:
        timeout_s = self._start_timeout_s
        late = f"an actor did not start in {timeout_s:g} s; each needs a free core of the cluster"
        try:
            self._answer(self._loaded, timeout_s, late=RecognizerDied(late))
        except Exception:
            self._kill()
            raise

    def recognise(self, photo: bytes, needed: Needed, *, timeout_s: float) -> Recognition:
        if self._handle is None:
            self.launch()
            self.wait_until_ready()
        late = f"no answer within JOB_TIMEOUT_SECONDS ({timeout_s:g})"
        try:
            recognition: Recognition = self._answer(
                self._ask(photo, needed), timeout_s, late=RecognitionTimedOut(late)
            )
        except MemoryError as error:
            raise RecognizerDied("the actor ran out of memory") from error
        return recognition

    def retire(self) -> None:
        """End the actor and never start it again."""
        self._retired = True
        self._kill()

    def _ask(self, photo: bytes, needed: Needed) -> Any:
        with self._lock:
            if self._handle is None:
                raise RecognizerDied("the pool was stopped")
            return self._handle.recognise.remote(photo, needed)

    def _answer(self, reference: Any, timeout_s: float, *, late: RecognitionFailed) -> Any:
        """Return what the actor answers, or raise what it raised."""
        import ray

        try:
            if not ray.wait([reference], timeout=timeout_s)[0]:
                self._kill()
                raise late
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            # Ray's own error carries the actor's traceback in its text, which clients would see.
            raise error.cause from error
        except ray.exceptions.RayError as error:
            self._kill()
            reason = type(error).__name__
            raise RecognizerDied(f"the actor ended without an answer: {reason}") from error

    def _kill(self) -> None:
        import ray

        with self._lock:
            if self._handle is not None:
                ray.kill(self._handle, no_restart=True)
            self._handle = None


class _Recognising:
    """Runs in the actor."""

    def __init__(self, load: Load) -> None:
        self._load: Load | None = load
        self._recognizer: Recognizer | None = None

    def load(self) -> None:
        # Not in __init__: Ray passes on no more than the text of an error there.
        forget_environment()  # a cluster of our own had the worker's
        if self._load is not None:
            self._recognizer = self._load()
            self._load = None

    def recognise(self, photo: bytes, needed: Needed) -> Recognition:
        assert self._recognizer is not None  # noqa: S101 - load() ran before
        return self._recognizer.recognise(photo, needed)


@cache
def _actor_kind() -> Any:
    """Return what makes actors; made once, because Ray keeps every one that was used."""
    import ray

    kind: Any = ray.remote(_Recognising)
    return kind.options(
        num_cpus=1,
        max_restarts=0,
        max_concurrency=1,
        enable_task_events=False,  # Ray would remember the last 100,000 photos, in memory
    )
