"""Settings of a home on this machine, instead of AWS."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, model_validator

from core.settings.values import FolderUrl, SqliteUrl


class HomeSettings(BaseModel):
    """Where objects and queues are, if not on S3 and SQS."""

    storage: FolderUrl | None = None
    """Folder of photos, results and galleries, as ``file:///path``; none means S3."""
    queue: SqliteUrl | None = None
    """File of all queues, as ``sqlite:///path``; none means SQS."""

    @property
    def home_folder(self) -> Path | None:
        """Return the folder that has the buckets; None if they are on S3."""
        return None if self.storage is None else Path(self.storage.removeprefix("file://"))

    @property
    def queue_file(self) -> Path | None:
        """Return the file that has the queues; None if they are on SQS."""
        return None if self.queue is None else Path(self.queue.removeprefix("sqlite://"))

    @model_validator(mode="after")
    def _check_home(self) -> Self:
        if (self.storage is None) != (self.queue is None):
            given, missing = ("STORAGE", "QUEUE") if self.storage else ("QUEUE", "STORAGE")
            raise ValueError(
                f"STORAGE and QUEUE go together: {given} is on this machine, and without "
                f"{missing} the other would be on AWS"
            )
        return self
