"""The dead letters of one queue in a file of SQLite."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from core.errors import QueueUnavailable
from core.ground.authors import sent_again_with
from core.home.queue import SqliteQueue
from core.home.queue_depths import depth_of
from core.home.queue_file import QueueFile, one
from core.ports import DeadLetter, ReceivedMessage

_HIDDEN_S: Final = 300
_PATIENCE_S: Final = 90
"""For other readers to give messages back."""
_LOOK_AGAIN_S: Final = 1


class SqliteDeadLetters:
    """The dead letters of the queue ``source``; keeps the contract of ``DeadLetters``."""

    def __init__(
        self,
        file: QueueFile,
        source: str,
        *,
        clock: Callable[[], float] = time.time,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self.name = f"{source}-dlq"
        self._file = file
        self._clock = clock
        self._source = SqliteQueue(file, source, clock=clock)
        self._queue = SqliteQueue(file, self.name, clock=clock)
        self._patience_s = patience_s

    @contextmanager
    def leased(self, *, complete: bool = False) -> Iterator[list[DeadLetter]]:
        messages: list[ReceivedMessage] = []
        until_s = time.monotonic() + self._patience_s
        try:
            while (page := self._page(0)) or (complete and self.count()[1] > len(messages)):
                page = page or self._page(_LOOK_AGAIN_S)
                messages += page
                if not page and time.monotonic() > until_s:
                    raise QueueUnavailable(
                        f"messages of {self.name} are hidden by another reader; try later"
                    )
            yield [self._letter(message) for message in messages]
        finally:
            self._queue.set_visibility_many(messages, 0)

    def move(self) -> bool:
        with self._file.writing(durable=True) as connection:
            here, there = self._queue.number(connection), self._source.number(connection)
            now_s = self._clock()
            connection.execute(
                "UPDATE messages SET queue = ?, visible_at = ?, receives = 0, receipt = NULL"
                " WHERE queue = ? AND visible_at <= ?",
                (there, now_s, here, now_s),
            )
        return True

    def send_again(self, letters: Sequence[DeadLetter]) -> None:
        self._source.send_many(
            [letter.body for letter in letters],
            notes=[sent_again_with(letter.message.notes) for letter in letters],
        )

    def delete(self, letters: Sequence[DeadLetter]) -> int:
        return len(self._queue.delete_many([letter.message for letter in letters]))

    def count(self) -> tuple[int, int]:
        with self._file.reading() as connection:
            depth = depth_of(connection, self._queue.number(connection), self._clock())
        return depth.visible, depth.in_flight

    def _page(self, wait_s: float) -> list[ReceivedMessage]:
        return self._queue.receive(limit=10, wait_s=wait_s, visibility_s=_HIDDEN_S)

    def _letter(self, message: ReceivedMessage) -> DeadLetter:
        number = message.receipt.partition(".")[0]
        with self._file.reading() as connection:
            sent_at = one(connection, "SELECT max(sent_at) FROM messages WHERE id = ?", int(number))
        return DeadLetter(message=message, age_s=max(0.0, self._clock() - (sent_at or 0)))
