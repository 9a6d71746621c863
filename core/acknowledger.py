"""Deletes settled messages, several with one request."""

import logging
import threading
import time
from queue import Empty, SimpleQueue
from typing import Final

from core.errors import ServiceUnavailable
from core.ports import JobQueue, ReceivedMessage

log = logging.getLogger(__name__)

_BATCH: Final = 10
_MOMENT_S: Final = 0.5
"""Long enough for a busy worker to fill a batch, short beside a message's visibility timeout."""
_ATTEMPTS: Final = 3


class Acknowledger:
    """Collects messages for a moment, then deletes them together.

    A message that could not be deleted is delivered again, finds its result and
    is deleted then.
    """

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._settled: SimpleQueue[ReceivedMessage | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="acknowledger", daemon=True)

    def delete(self, message: ReceivedMessage) -> None:
        """Delete a message soon."""
        self._settled.put(message)

    def flush(self) -> None:
        """Delete what was handed over so far, in this thread."""
        batch, _ = self._collect(moment_s=0)
        while batch:
            self._delete(batch)
            batch, _ = self._collect(moment_s=0)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Delete what is left, and end."""
        if self._thread.is_alive():
            self._settled.put(None)
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        ended = False
        while not ended:
            first = self._settled.get()
            if first is None:
                return
            rest, ended = self._collect(moment_s=_MOMENT_S, limit=_BATCH - 1)
            self._delete([first, *rest])

    def _collect(
        self, *, moment_s: float, limit: int = _BATCH
    ) -> tuple[list[ReceivedMessage], bool]:
        """Return what comes within the moment, and whether the end came."""
        until_s = time.monotonic() + moment_s
        batch: list[ReceivedMessage] = []
        while len(batch) < limit:
            try:
                message = self._settled.get(timeout=max(0.0, until_s - time.monotonic()))
            except Empty:
                return batch, False
            if message is None:
                return batch, True
            batch.append(message)
        return batch, False

    def _delete(self, batch: list[ReceivedMessage]) -> None:
        left = batch
        try:
            for _ in range(_ATTEMPTS):
                left = self._queue.delete_many(left)
                if not left:
                    return
            reason = f"refused {_ATTEMPTS} times"
        except ServiceUnavailable as error:
            reason = str(error)
        except Exception:
            log.exception("deletion broke off")
            return
        log.warning("messages were not deleted", extra={"count": len(left), "reason": reason})
