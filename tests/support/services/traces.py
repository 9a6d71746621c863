"""People whose bytes are found nowhere by chance, and every byte that the service stores."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.aws.clients import s3_client
from core.home.object_paths import stored_keys
from core.home.queue_file import QueueFile, one
from core.jobs.recognition_job import safe_filename
from core.ports import ObjectStore
from core.settings import Settings
from core.testing.recognizer import made_up_crop
from tests.support.faces import embedding_like_no_other, face
from tests.support.photos import made_photo


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody, and what would give them away."""

    name: str
    vector: NDArray[np.float32]
    photo: bytes

    def traces(self) -> dict[str, bytes]:
        """Return what must be found nowhere; of the photo, its compressed pixels."""
        return {
            "name": self.name.encode(),
            "name of a file": safe_filename(self.name).encode(),
            "name in JSON": self.name.encode("ascii", "backslashreplace"),
            "embedding": self.vector.tobytes(),
            "half of the embedding": self.vector[:64].tobytes(),
            "photo": self.photo[-200:-100],
            "picture": made_up_crop(face(vector=self.vector)),
        }


ADA = Person(
    name="Łucja Ada-Lovelace", vector=embedding_like_no_other(1), photo=made_photo(size=(64, 48))
)
BOB = Person(name="Bob-Ross", vector=embedding_like_no_other(2), photo=made_photo(size=(48, 80)))


@dataclass(frozen=True)
class RawBuckets:
    """The buckets as S3 itself lists them, with whatever versions it keeps."""

    settings: Settings

    def keep_versions(self) -> None:
        for bucket in self.settings.buckets:
            s3_client(self.settings).put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )

    def every_version(self) -> Iterator[tuple[str, bytes]]:
        """Yield every version of every object, and every delete marker with no bytes."""
        s3 = s3_client(self.settings)
        for bucket in self.settings.buckets:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for each in page.get("Versions", []):
                    found = s3.get_object(
                        Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"]
                    )
                    yield each["Key"], found["Body"].read()
                yield from ((each["Key"], b"") for each in page.get("DeleteMarkers", []))


@dataclass(frozen=True)
class RawFolder:
    """Every file of a home but the caller's own photos: galleries, and queues without messages.

    A message that waits names whom it is about, here as on SQS.
    """

    folder: Path
    settings: Settings

    def every_version(self) -> Iterator[tuple[str, bytes]]:
        """Yield the keys of objects, the paths of all other files, and their bytes."""
        queues = QueueFile(self.folder / "queues.sqlite")
        queues.empty_log()  # as idle workers do
        with queues.reading() as connection:
            is_idle = one(connection, "SELECT count(*) FROM messages") == 0
        queues.close()
        objects = set()
        for bucket in self.settings.buckets:
            for key, entry in stored_keys(self.folder / bucket / "objects", ""):
                objects.add(entry.path)
                yield key, Path(entry.path).read_bytes()
        callers = self.folder / self.settings.allowed_buckets[0]
        for path in self.folder.rglob("*"):
            is_others = str(path) in objects or callers in path.parents
            if path.is_file() and not is_others and (is_idle or "sqlite" not in path.name):
                with suppress(FileNotFoundError):
                    yield str(path.relative_to(self.folder)), path.read_bytes()


def holding(objects: Iterable[tuple[str, bytes]], trace: bytes) -> list[str]:
    """Return those of the objects whose key or body has a trace."""
    return [
        f"{key} ({body!r:.80})" for key, body in objects if trace in key.encode() or trace in body
    ]


def every_object(bucket: ObjectStore) -> Iterator[tuple[str, bytes]]:
    after = ""
    while keys := bucket.keys("", after=after):
        for key in keys:
            yield key, bucket.get(key).body
        after = keys[-1]
