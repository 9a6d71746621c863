"""A home of one machine for the tests that look into queues and buckets, and switch them off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import QueueUnavailable, StorageUnavailable
from core.home.bucket import FolderBucket, make_bucket
from core.home.home_folder import make_queues
from core.home.object_paths import stored_keys
from core.home.queue import SqliteQueue
from core.home.queue_file import QueueFile
from core.ports import ReceivedMessage
from core.settings.queue_plans import queue_plans
from tests.support.infrastructure import MemoryInfrastructure


class OpenBucket(FolderBucket):
    """A bucket in a folder that a test looks into."""

    available = True

    @property
    def objects(self) -> dict[str, bytes]:
        return {key: self._body(Path(entry.path)) for key, entry in stored_keys(self._objects, "")}

    @staticmethod
    def _body(file: Path) -> bytes:
        return file.read_bytes().partition(b"\n")[2]

    @contextmanager
    def _errors(self, key: str, *, writes: bool = False) -> Iterator[None]:
        if not self.available:
            raise StorageUnavailable("the store was switched off by the test")
        with super()._errors(key, writes=writes):
            yield


class OpenQueue(SqliteQueue):
    """A queue in a file that a test looks into."""

    available = True

    @property
    def messages(self) -> list[ReceivedMessage]:
        """Return all messages, visible or in flight."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT body, receives FROM messages JOIN queues ON queues.id = queue"
                " WHERE name = ? ORDER BY messages.id",
                (self.name,),
            )
            return [ReceivedMessage(body=row[0], receipt="", receive_count=row[1]) for row in rows]

    @property
    def bodies(self) -> list[str]:
        return [message.body for message in self.messages]

    def _find(self, connection: Any) -> Any:
        if not self.available:
            raise QueueUnavailable("the queue was switched off by the test")
        return super()._find(connection)


@dataclass(kw_only=True)
class HomeInfrastructure(MemoryInfrastructure):
    """Queues and buckets of a home in a folder; all else is in memory."""

    folder: Path

    def __post_init__(self) -> None:
        self.file = QueueFile(self.folder / "queues.sqlite")
        make_queues(self.file, queue_plans(self.settings))
        for name in self.settings.buckets:
            make_bucket(self.folder / name)

    def bucket(self, name: str) -> Any:
        if name not in self.buckets:
            self.buckets[name] = OpenBucket(self.folder / name, clock=self.clock)
        return self.buckets[name]

    def queue(self, name: str) -> Any:
        if name not in self.queues:
            self.queues[name] = OpenQueue(self.file, name, clock=self.clock)
        return self.queues[name]
