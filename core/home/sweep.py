"""What S3 and SQS do by themselves: the old goes, and what broke off."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ServiceUnavailable
from core.home.bucket import WRITING, FolderBucket
from core.home.folders import locked
from core.home.queue_file import QueueFile, one

log = logging.getLogger(__name__)

_DAY_S: Final = 86_400
_EVERY_S: Final = 3_600
_BROKE_OFF_AFTER_S: Final = 300
"""Far longer than a write takes. One that still went on would fail, and be answered so."""
_MESSAGES_AT_ONCE: Final = 1_000
_PAGES_AT_ONCE: Final = 1_000
_LOCK: Final = "sweeping"
_LAST: Final = "swept"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Removes what is older than its bucket or queue keeps it.

    Parameters
    ----------
    kept_days : mapping
        Days that the objects of each bucket are kept; None for ever.
    clock : callable
        Seconds since 1970.
    """

    folder: Path
    file: QueueFile
    kept_days: Mapping[str, int | None]
    clock: Callable[[], float] = time.time

    def run_if_due(self) -> None:
        """Sweep, unless any process of this machine did so within the hour."""
        last = self.folder / _LAST
        with locked(self.folder / _LOCK):
            with suppress(FileNotFoundError):
                if 0 <= self.clock() - last.stat().st_mtime < _EVERY_S:
                    return
            last.touch(mode=0o600)
        self.run()

    def run(self) -> None:
        """Sweep; of several that do so at once each removes a part."""
        for name, days in self.kept_days.items():
            if days is not None:
                bucket = FolderBucket(self.folder / name, clock=self.clock)
                removed = bucket.remove_older(self.clock() - days * _DAY_S)
                log.info("old objects were removed", extra={"bucket": name, "objects": removed})
        self._expire_messages()
        self._give_back_pages()

    def keep_running(self, sleep: Callable[[float], None]) -> None:
        """Sweep every hour, and remove what broke off sooner, as long as this process lives."""
        while True:
            try:
                self.remove_broken_off()
                self.run_if_due()
            except (ServiceUnavailable, OSError) as error:
                log.warning("sweep broke off", extra={"reason": str(error)})
            sleep(_BROKE_OFF_AFTER_S)

    def remove_broken_off(self) -> None:
        """Remove what killed processes were writing."""
        for name in self.kept_days:
            for file in (self.folder / name / WRITING).iterdir():
                with suppress(FileNotFoundError):
                    if self.clock() - file.stat().st_ctime > _BROKE_OFF_AFTER_S:
                        file.unlink()

    def _expire_messages(self) -> None:
        """Delete old messages. Numbers grow with time, so that those in front are the oldest."""
        with self.file.reading() as connection:
            shortest_s = one(connection, "SELECT min(retention_s) FROM queues")
        last = 0
        while True:
            with self.file.writing() as connection:
                rows = connection.execute(
                    "SELECT messages.id, sent_at, retention_s FROM messages JOIN queues"
                    " ON queues.id = queue WHERE messages.id > ? ORDER BY messages.id LIMIT ?",
                    (last, _MESSAGES_AT_ONCE),
                ).fetchall()
                old = [(row[0],) for row in rows if row[1] + row[2] < self.clock()]
                connection.executemany("DELETE FROM messages WHERE id = ?", old)
            if not rows or rows[-1][1] + shortest_s >= self.clock():
                return
            last = rows[-1][0]

    def _give_back_pages(self) -> None:
        """Make the file as small as what is in it, and leave nothing of it in the log beside it."""
        while self._free_pages() > _PAGES_AT_ONCE:
            with self.file.reading() as connection:
                connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
        self.file.empty_log()

    def _free_pages(self) -> int:
        with self.file.reading() as connection:
            return int(one(connection, "PRAGMA freelist_count"))
