"""A JobQueue in a file of SQLite."""

import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import QueueUnavailable
from core.home.queue_file import QueueFile, one
from core.ports import ReceivedMessage

_MOST_AT_ONCE: Final = 10
_LONGEST_DELAY_S: Final = 900
_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Characters that SQS refuses, too."""
_RECEIPT: Final = re.compile(r"([0-9]{1,18})\.[0-9a-f]{16}")
_Row = tuple[int, int, float, str, str]
"""A message's number, receives, time of its sending, body and notes."""


@dataclass(frozen=True, kw_only=True)
class _Queue:
    """A row of the queues."""

    id: int
    retention_s: int
    visibility_s: int
    most_receives: int
    dead_letters: int | None


class SqliteQueue:
    """One queue of a file, found by its name; keeps the contract of ``JobQueue``.

    Parameters
    ----------
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self, file: QueueFile, name: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._file = file
        self.name = name
        self._clock = clock

    def send(
        self, body: str, *, notes: Mapping[str, str] | None = None, delay_s: float = 0
    ) -> None:
        if not 0 <= delay_s <= _LONGEST_DELAY_S:
            raise QueueUnavailable(f"a delay of {delay_s:g} s is over {_LONGEST_DELAY_S}")
        self._send([body], [notes or {}], delay_s)

    def send_many(self, bodies: Sequence[str], *, notes: Sequence[Mapping[str, str]] = ()) -> None:
        self._send(bodies, notes or [{}] * len(bodies), 0)

    def receive(
        self, *, limit: int, wait_s: float, visibility_s: float | None = None
    ) -> list[ReceivedMessage]:
        until_s = time.monotonic() + wait_s
        while True:
            state = self._file.state()
            due_in_s = self._due_in_s()
            if due_in_s <= 0 and (received := self._take(min(limit, _MOST_AT_ONCE), visibility_s)):
                return received
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return []
            self._file.wait(min(left_s, max(due_in_s, 0.0)), since=state)

    def delete_many(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        known = [message for message in messages if _RECEIPT.fullmatch(message.receipt)]
        if known:
            with self._file.writing() as connection:
                connection.executemany(
                    "DELETE FROM messages WHERE id = ? AND receipt = ?", map(_identity, known)
                )
        return [message for message in messages if message not in known]

    def set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        self.set_visibility_many([message], seconds)

    def set_visibility_many(
        self, messages: Sequence[ReceivedMessage], seconds: float
    ) -> list[ReceivedMessage]:
        if not messages:
            return []
        refused: list[ReceivedMessage] = []
        with self._file.writing() as connection:
            visible_at = self._clock() + seconds
            for message in messages:
                changed = connection.execute(
                    "UPDATE messages SET visible_at = ? WHERE id = ? AND receipt = ?",
                    (visible_at, *_identity(message)),
                )
                if not changed.rowcount:
                    refused.append(message)
        return refused

    def check(self) -> None:
        with self._file.reading() as connection:
            self._find(connection)

    def number(self, connection: sqlite3.Connection) -> int:
        """Return the queue's number in its file; ``QueueUnavailable`` if there is no such queue."""
        return self._find(connection).id

    def _send(
        self, bodies: Sequence[str], notes: Sequence[Mapping[str, str]], delay_s: float
    ) -> None:
        noted = list(zip(bodies, notes, strict=True))
        accepted = [each for each in noted if not _FORBIDDEN.search(each[0])]
        if accepted:
            with self._file.writing(durable=True) as connection:
                queue, now_s = self._find(connection), self._clock()
                connection.executemany(
                    "INSERT INTO messages (queue, visible_at, sent_at, body, notes)"
                    " VALUES (?, ?, ?, ?, ?)",
                    [
                        (queue.id, now_s + delay_s, now_s, body, json.dumps(dict(said)))
                        for body, said in accepted
                    ],
                )
        else:
            self.check()
        if len(accepted) < len(noted):
            raise QueueUnavailable(f"queue {self.name}: a body has characters that are refused")

    def _due_in_s(self) -> float:
        """Return when the next message is visible; a day if there is none."""
        with self._file.reading() as connection:
            queue = self._find(connection)
            first = one(
                connection, "SELECT min(visible_at) FROM messages WHERE queue = ?", queue.id
            )
        return 86_400.0 if first is None else first - self._clock()

    def _take(self, limit: int, visibility_s: float | None) -> list[ReceivedMessage]:
        """Hide the next messages and return them."""
        with self._file.writing() as connection:
            queue, now_s = self._find(connection), self._clock()
            hidden_s = queue.visibility_s if visibility_s is None else visibility_s
            while True:
                rows = connection.execute(
                    "SELECT id, receives, sent_at, body, notes FROM messages"
                    " WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?",
                    (queue.id, now_s, limit),
                ).fetchall()
                if not _sort_out(connection, queue, rows, now_s):
                    break
            received = [_received(row, now_s) for row in rows]
            connection.executemany(
                "UPDATE messages SET receives = receives + 1, visible_at = ?, receipt = ?"
                " WHERE id = ?",
                [
                    (now_s + hidden_s, message.receipt, row[0])
                    for message, row in zip(received, rows, strict=True)
                ],
            )
        return received

    def _find(self, connection: sqlite3.Connection) -> _Queue:
        row = connection.execute(
            "SELECT id, retention_s, visibility_s, most_receives, dead_letters FROM queues"
            " WHERE name = ?",
            (self.name,),
        ).fetchone()
        if row is None:
            raise QueueUnavailable(f"queue {self.name} does not exist in {self._file.path}")
        names = ("id", "retention_s", "visibility_s", "most_receives", "dead_letters")
        return _Queue(**dict(zip(names, row, strict=True)))


def _sort_out(
    connection: sqlite3.Connection, queue: _Queue, rows: list[_Row], now_s: float
) -> bool:
    """Take away what is too old or came too often; tell whether there was any."""
    old = [row[0] for row in rows if row[2] < now_s - queue.retention_s]
    dead = (
        [row[0] for row in rows if row[1] >= queue.most_receives and row[0] not in old]
        if queue.dead_letters is not None
        else []
    )
    connection.executemany("DELETE FROM messages WHERE id = ?", [(each,) for each in old])
    connection.executemany(
        "UPDATE messages SET queue = ?, visible_at = ?, receives = 0, receipt = NULL WHERE id = ?",
        [(queue.dead_letters, now_s, each) for each in dead],
    )
    return bool(old or dead)


def _received(row: _Row, now_s: float) -> ReceivedMessage:
    number, receives, sent_at, body, notes = row
    return ReceivedMessage(
        body=body,
        receipt=f"{number}.{secrets.token_hex(8)}",
        receive_count=receives + 1,
        notes=json.loads(notes),
        age_s=max(0.0, now_s - sent_at),
    )


def _identity(message: ReceivedMessage) -> tuple[int, str]:
    found = _RECEIPT.fullmatch(message.receipt)
    return (int(found[1]) if found else -1, message.receipt)
