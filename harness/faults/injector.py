"""Faults that happen while a load runs, one after another."""

import random
import threading
from typing import Self

from harness.faults.faults import Faults


class FaultInjector:
    """Lets faults happen in a thread of its own, in a random order, each kind at least once.

    Parameters
    ----------
    faults : Faults
    every_s : float
        Time between the end of one and the next.
    seed : int
    """

    def __init__(self, faults: Faults, *, every_s: float, seed: int) -> None:
        self._faults = faults
        self._every_s = every_s
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            kinds = self._faults.kinds()
            while not self._over.is_set():
                self._random.shuffle(kinds)
                for kind in kinds:
                    if self._over.wait(self._every_s) and len(self._faults.done) == len(kinds):
                        return
                    self._faults.happen(kind)
        except BaseException as error:  # noqa: BLE001 - whoever began this has to see it
            self.failure = error
