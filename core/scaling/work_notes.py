"""What tells the autoscaler of work that its looks at the queues miss.

A job of 0.3 s lies between two looks most of the time, and a whole minute of such
jobs seems idle. So workers leave an object in the gallery bucket when they have
received jobs. SQS itself counts no deliveries, and CloudWatch is minutes late.
"""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

from core.errors import ObjectMissing, ServiceUnavailable
from core.ground.storage_keys import LAST_WORK
from core.ports import ObjectStore

log = logging.getLogger(__name__)

PER_COOL_DOWN: Final = 4
"""Notes that busy workers leave within a cool-down, each."""


class WorkNotes:
    """Notes for the autoscaler that this worker had something to do.

    Parameters
    ----------
    store : ObjectStore
    pause_s : float
        Time between two notes, however much there is to do.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self, store: ObjectStore, *, pause_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._pause_s = pause_s
        self._clock = clock
        self._worked = False
        self._due_s = clock()

    def work(self) -> None:
        """Remember that there was work; from any thread, and at no cost."""
        self._worked = True

    def leave(self) -> None:
        """Leave a note if there was work since the last one and the pause is over."""
        if not self._worked or self._clock() < self._due_s:
            return
        self._worked = False
        self._due_s = self._clock() + self._pause_s
        try:
            # Any two notes differ: whoever reads sees that the object changed, and needs
            # no clock that agrees with the worker's.
            self._store.put(LAST_WORK, uuid.uuid4().hex.encode(), content_type="text/plain")
        except ServiceUnavailable as error:
            self._worked = True
            log.warning("work was not noted", extra={"reason": str(error)})


class WorkSeen:
    """Tells whether any worker left a note since it was last asked."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._version: str | None = None

    def __call__(self) -> bool:
        """Look; the first look tells nothing, because the note may be old.

        Raises
        ------
        ServiceUnavailable
            If S3 does not answer.
        """
        before = self._version
        try:
            note = self._store.get_if_changed(LAST_WORK, before or "")
        except ObjectMissing:
            self._version = ""
            return False
        if note is None:
            return False
        self._version = note.version
        return before is not None


def last_work(store: ObjectStore) -> datetime | None:
    """Return when a worker last noted work, by the bucket's clock; None if it can't be known.

    The note is up to a quarter of a cool-down late.
    """
    try:
        return store.notes(LAST_WORK).modified_at
    except (ObjectMissing, ServiceUnavailable):
        return None
