"""Deletes settled messages, several with one request."""

import logging
import threading
import time
from queue import Empty, SimpleQueue
from typing import Final

from core.errors import ServiceUnavailable
from core.ports import JobQueue, ReceivedMessage
from core.worker.visibility_heartbeat import VisibilityHeartbeat

log = logging.getLogger(__name__)

_BATCH: Final = 10
_MOMENT_S: Final = 0.5
"""Long enough for a busy worker to fill a batch, short beside a message's visibility timeout."""
_ATTEMPTS: Final = 3
_FIRST_PAUSE_S: Final = 1.0
_MAX_PAUSE_S: Final = 30.0


class Acknowledger:
    """Collects messages for a moment, then deletes them together.

    What the queue does not delete stays hidden and is tried again after growing pauses. A
    message that comes back nevertheless finds its result and is deleted then.

    Parameters
    ----------
    queue : JobQueue
    heartbeat : VisibilityHeartbeat
        Keeps hidden what could not be deleted yet.
    """

    def __init__(self, queue: JobQueue, heartbeat: VisibilityHeartbeat) -> None:
        self._queue = queue
        self._heartbeat = heartbeat
        self._settled: SimpleQueue[ReceivedMessage | None] = SimpleQueue()
        self._left: list[ReceivedMessage] = []
        self._pause_s = 0.0
        self._again_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name="acknowledger", daemon=True)

    @property
    def is_behind(self) -> bool:
        """Whether messages wait for the queue to delete them again."""
        return bool(self._left)

    def delete(self, message: ReceivedMessage) -> None:
        """Delete a message soon."""
        self._settled.put(message)

    def flush(self) -> None:
        """Delete what was handed over so far, in this thread."""
        batch, _ = self._collect(moment_s=0)
        while batch:
            self._delete(batch)
            batch, _ = self._collect(moment_s=0)
        self._delete([])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Delete what is left, and end."""
        if self._thread.is_alive():
            self._settled.put(None)
            self._thread.join()
        self._again_at_s = 0.0
        self.flush()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._next_batch()
            self._delete(batch)

    def _next_batch(self) -> tuple[list[ReceivedMessage], bool]:
        """Wait for messages, or until it is time to try again; tell whether the end came."""
        wait_s = max(0.1, self._again_at_s - self._heartbeat.clock()) if self._left else None
        try:
            first = self._settled.get(timeout=wait_s)
        except Empty:
            return [], False
        if first is None:
            return [], True
        rest, ended = self._collect(moment_s=_MOMENT_S, limit=_BATCH - 1)
        return [first, *rest], ended

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
        """Delete messages and those left before, unless it is too early to try these again."""
        left = self._left + batch
        if not left:
            return
        if not self._left or self._heartbeat.clock() >= self._again_at_s:
            left = self._try_to_delete(left)
        # An acknowledged message is no longer extended. One that is not deleted yet has to be.
        known = self._left
        self._heartbeat.track([message for message in left if message not in known])
        # What others may have received by now is theirs to delete.
        self._left = [message for message in left if self._heartbeat.is_hidden(message)]

    def _try_to_delete(self, messages: list[ReceivedMessage]) -> list[ReceivedMessage]:
        """Return the messages that are to be tried again."""
        left = messages
        try:
            for _ in range(_ATTEMPTS):
                left = self._queue.delete_many(left)
                if not left:
                    break
            else:
                self._log_undeleted(left, f"refused {_ATTEMPTS} times")
        except ServiceUnavailable as error:
            self._pause_s = min(_MAX_PAUSE_S, self._pause_s * 2 or _FIRST_PAUSE_S)
            self._again_at_s = self._heartbeat.clock() + self._pause_s
            self._log_undeleted(left, str(error))
            return left
        except Exception:
            log.exception("deletion broke off")
        self._pause_s = 0.0
        for message in messages:
            self._heartbeat.forget(message)
        return []

    def _log_undeleted(self, left: list[ReceivedMessage], reason: str) -> None:
        log.warning("messages were not deleted", extra={"count": len(left), "reason": reason})
