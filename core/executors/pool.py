"""What every pool of warm children does, wherever its children run."""

import queue
from collections.abc import Sequence
from typing import Final, Protocol

from core.errors import TooBusy
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.host.metrics import metrics

START_TIMEOUT_S: Final = 60.0
"""Time in which a child must have loaded its models."""


class Child(Protocol):
    """Runs one photo at a time; is started again after every end until it is retired."""

    def launch(self) -> None:
        """Begin to start, without waiting for it."""
        ...

    def wait_until_ready(self) -> None:
        """Return once the models are loaded."""
        ...

    def recognise(self, photo: bytes, needed: Needed, *, timeout_s: float) -> Recognition:
        """Return the faces of a photo, from a new child if the last one ended."""
        ...

    def retire(self) -> None:
        """End at once and never start again."""
        ...


class WarmPool:
    """A Recognizer that gives each photo to a free child.

    Parameters
    ----------
    children : sequence of Child
    timeout_s : float
        Deadline of one photo; a child that goes over it is killed.
    """

    def __init__(self, children: Sequence[Child], *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._children = children
        self._free: queue.SimpleQueue[Child] = queue.SimpleQueue()
        for child in self._children:
            self._free.put(child)

    def start(self) -> None:
        """Start all children and load their models.

        Raises
        ------
        ModelError
            If a child could not load its models.
        RecognizerDied
            If a child ended, or did not start in time.
        """
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Begin to start all children, without waiting for them."""
        metrics().children.inc(len(self._children))
        for child in self._children:
            child.launch()

    def wait_until_ready(self) -> None:
        """Return once all launched children have loaded their models; raises as `start`."""
        for child in self._children:
            child.wait_until_ready()

    def has_free(self) -> bool:
        """Tell whether a child is free at this moment."""
        return not self._free.empty()

    def recognise(
        self, photo: bytes, needed: Needed = EVERY_FACE, *, patience_s: float | None = None
    ) -> Recognition:
        """Return the faces of a photo, waiting for a free child first.

        Parameters
        ----------
        patience_s : float, optional
            Longest wait for a free child; as long as it takes when not given.

        Raises
        ------
        TooBusy
            If no child was free in time.
        InvalidPhoto
            If the photo can't be decoded.
        RecognitionTimedOut
            If the child went over the deadline; it was killed.
        RecognizerDied
            If the child ended without an answer.
        """
        try:
            child = self._free.get(timeout=patience_s)
        except queue.Empty:
            raise TooBusy("all children are busy; try again in a moment") from None
        try:
            with metrics().children_busy.track_inprogress():
                return child.recognise(photo, needed, timeout_s=self._timeout_s)
        finally:
            self._free.put(child)

    def stop(self) -> None:
        """Kill all children for good; what they run ends with ``RecognizerDied``."""
        for child in self._children:
            child.retire()
