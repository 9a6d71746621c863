"""The service's home on one machine, as the settings describe it."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.errors import HomeUnusable
from core.ground.storage_keys import GALLERIES
from core.home.bucket import FolderBucket
from core.home.dead_letters import SqliteDeadLetters
from core.home.home_folder import make_home, make_queues, once_per_boot
from core.home.queue import SqliteQueue
from core.home.queue_depths import SqliteDepths, waiting_s
from core.home.queue_file import QueueFile
from core.home.sweep import Sweep
from core.settings import Settings
from core.settings.queue_plans import queue_plans

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Home:
    """Buckets in a folder and queues in a file, for all processes of this machine."""

    folder: Path
    file: QueueFile
    sweep: Sweep
    clock: Callable[[], float] = time.time

    @classmethod
    def made(cls, settings: Settings) -> Self:
        """Return the home of the settings; what it lacks is made.

        Raises
        ------
        HomeUnusable
            If there is none in the settings, or it can't be used.
        """
        folder, queues = settings.home_folder, settings.queue_file
        if folder is None or queues is None:
            raise HomeUnusable("STORAGE and QUEUE name no home on this machine")
        file = QueueFile(queues)
        tables = folder / settings.s3_gallery_bucket / GALLERIES
        make_home(folder, settings.buckets, tables=tables)
        make_queues(file, queue_plans(settings))
        sweep = Sweep(
            folder=folder,
            file=file,
            kept_days={
                settings.s3_in_bucket: settings.retention_days,
                settings.s3_out_bucket: settings.retention_days,
                settings.s3_gallery_bucket: None,
            },
        )
        log.info("home is there", extra={"folder": str(folder), "queues": str(queues)})
        return cls(folder=folder, file=file, sweep=sweep)

    def once_per_boot(self, action: Callable[[], None]) -> None:
        """Run an action if this is the first process since the machine has started."""
        once_per_boot(self.folder, action)

    def bucket(self, name: str) -> FolderBucket:
        return FolderBucket(self.folder / name, clock=self.clock)

    def queue(self, name: str) -> SqliteQueue:
        return SqliteQueue(self.file, name, clock=self.clock)

    def depth(self, names: Sequence[str], light: Sequence[str]) -> SqliteDepths:
        return SqliteDepths(self.file, names, light=light, clock=self.clock)

    def waiting_s(self, name: str) -> float:
        return waiting_s(self.file, name, self.clock())

    def dead_letters(self, source: str) -> SqliteDeadLetters:
        return SqliteDeadLetters(self.file, source, clock=self.clock)
