"""Queue depths in a file of SQLite, and how long messages wait."""

import sqlite3
import time
from collections.abc import Callable, Sequence

from core.home.queue import SqliteQueue
from core.home.queue_file import QueueFile, one
from core.scaling.policy import Depth


class SqliteDepths:
    """How many messages are in some queues together; those that are delayed are not counted.

    Parameters
    ----------
    names : sequence of str
        The queues.
    light : sequence of str
        Queues of errands that one worker does beside its jobs: each counts as one message.
    """

    def __init__(
        self,
        file: QueueFile,
        names: Sequence[str],
        *,
        light: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._queues = [SqliteQueue(file, name) for name in names]
        self._light = [SqliteQueue(file, name) for name in light]
        self._clock = clock

    def __call__(self) -> Depth:
        """Count the messages.

        Raises
        ------
        QueueUnavailable
            If the file can't be read or a queue is missing.
        """
        with self._file.reading() as connection:
            depths = [self._depth(connection, queue) for queue in self._queues]
            errands = sum(self._depth(connection, queue).jobs > 0 for queue in self._light)
        return sum(depths, Depth(visible=errands, in_flight=0))

    def _depth(self, connection: sqlite3.Connection, queue: SqliteQueue) -> Depth:
        return depth_of(connection, queue.number(connection), self._clock())


def depth_of(connection: sqlite3.Connection, queue: int, now_s: float) -> Depth:
    """Count the messages of the queue of that number."""
    visible = "SELECT count(*) FROM messages WHERE queue = ? AND visible_at <= ?"
    hidden = "SELECT count(*) FROM messages WHERE queue = ? AND visible_at > ? AND receives > 0"
    return Depth(
        visible=one(connection, visible, queue, now_s),
        in_flight=one(connection, hidden, queue, now_s),
    )


def waiting_s(file: QueueFile, name: str, now_s: float) -> float:
    """Return how long the oldest message has waited; 0 if none waits.

    A message waits while any worker may receive it: not while one has it, and not in a pause.

    Raises
    ------
    QueueUnavailable
        If the file can't be read or the queue is missing.
    """
    first = "SELECT min(visible_at) FROM messages WHERE queue = ?"
    with file.reading() as connection:
        visible_at = one(connection, first, SqliteQueue(file, name).number(connection))
    return 0.0 if visible_at is None else max(0.0, now_s - visible_at)
