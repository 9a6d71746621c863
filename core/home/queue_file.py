"""The file of SQLite that has all queues of one machine."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import QueueUnavailable

_BUSY_S: Final = 10.0
_FIRST_LOOK_S: Final = 0.002
_LAST_LOOK_S: Final = 0.05
_LOOKS_GROW_BY: Final = 1.02
_QUIET_S: Final = 1.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    retention_s INTEGER NOT NULL,
    visibility_s INTEGER NOT NULL,
    most_receives INTEGER NOT NULL,
    dead_letters INTEGER REFERENCES queues
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL REFERENCES queues,
    visible_at REAL NOT NULL,
    sent_at REAL NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    receipt TEXT,
    body TEXT NOT NULL,
    notes TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_time ON messages (queue, visible_at);
"""
_FORMAT: Final = 1


@dataclass(frozen=True)
class Change:
    """A state of the file; another one says that someone has written since."""

    by_others: int
    by_us: int


class QueueFile:
    """One connection to the file, which the threads of this process use in turn.

    Writers of all processes take turns anyway. Times are seconds since 1970, since they mean the
    same to every process, and after the machine has started again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._owner: tuple[int, int] | None = None
        self._lock = threading.RLock()
        self._news = threading.Condition()
        self._written = 0

    def make(self) -> None:
        """Make the file with no queue in it, unless it is there; the folder is."""
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self._errors(), self._lock:
            connection = self._open()
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found > _FORMAT:
                raise QueueUnavailable(f"{self.path} is of a newer version of this service")
            if found == 0:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(f"{_SCHEMA} PRAGMA user_version = {_FORMAT};")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run single statements.

        Raises
        ------
        QueueUnavailable
            If the file is not there, damaged, or locked for ten seconds.
        """
        with self._errors(), self._lock:
            yield self._open()

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Write all or nothing; raises as `reading` does.

        Parameters
        ----------
        durable : bool
            On return it is on the disk. Else a loss of power may undo the last writes: what was
            received or deleted then comes again.
        """
        with self._errors(), self._lock:
            connection = self._open()
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        with self._news:
            self._written += 1
            self._news.notify_all()

    def state(self) -> Change:
        """Return what differs once anyone has written; nothing is read from the disk for it."""
        with self.reading() as connection:
            by_others = connection.execute("PRAGMA data_version").fetchone()[0]
        return Change(by_others=by_others, by_us=self._written)

    def wait(self, seconds: float, *, since: Change) -> None:
        """Wait until anyone has written since then, at most for that long.

        This process's writes are noticed at once, those of others by looks that get rarer: from
        every 2 ms to every 50 after two seconds. After a quiet second the log beside the file is
        emptied, so that nothing of deleted messages stays there.
        """
        began_s = time.monotonic()
        until_s, quiet_s = began_s + seconds, began_s + _QUIET_S
        look_s = _FIRST_LOOK_S
        while self.state() == since and (left_s := until_s - time.monotonic()) > 0:
            if time.monotonic() > quiet_s:
                self.empty_log()
                quiet_s = until_s
            with self._news:
                if self._written == since.by_us:
                    self._news.wait(min(look_s, left_s))
            look_s = min(look_s * _LOOKS_GROW_BY, _LAST_LOOK_S)

    def empty_log(self) -> None:
        """Bring all that was written into the file itself, unless someone is writing."""
        with suppress(FileNotFoundError):
            if self.path.with_name(f"{self.path.name}-wal").stat().st_size:
                with self.reading() as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connection; the next use opens another one."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        """Return the connection, of this process and to the file that is there now."""
        try:
            owner = (os.getpid(), self.path.stat().st_ino)
        except FileNotFoundError as error:
            raise QueueUnavailable(f"{self.path} does not exist") from error
        if self._connection is None or owner != self._owner:
            self._connection, self._owner = self._connected(), owner
        return self._connection

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA secure_delete = ON")  # nothing of a name stays behind
        connection.execute("PRAGMA journal_size_limit = 16777216")
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise QueueUnavailable(f"queues in {self.path}: {error}") from error


def one(connection: sqlite3.Connection, query: str, *values: Any) -> Any:
    """Return the first column of the only row."""
    return connection.execute(query, values).fetchone()[0]
