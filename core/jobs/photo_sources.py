"""Photos that callers name by bucket and key."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Final

from core.errors import (
    BucketMissing,
    BucketNotAllowed,
    BucketNotFound,
    InvalidRequest,
    SourceUnavailable,
    StorageUnavailable,
    UnsupportedImage,
)
from core.ports import ObjectStore, StoredObject

_ANY_BYTES: Final = "application/octet-stream"


_KINDS: Final = MimeTypes()
"""Those that Python knows by itself, the same on every machine."""


def check_is_no_other_file(key: str) -> None:
    """Raise ``UnsupportedImage`` if a key's ending says that it is a video, a text or the like."""
    ending = PurePosixPath(key).suffix
    kind, packed = _KINDS.guess_type(f"photo{ending}")
    is_other = kind is not None and not kind.startswith("image/") and kind != _ANY_BYTES
    if is_other or packed is not None:
        raise UnsupportedImage(f"a key that ends in {ending} is no photo")


@dataclass(frozen=True, kw_only=True)
class PhotoSources:
    """The buckets of ``ALLOWED_BUCKETS``, by name; ``own`` are those of the service."""

    allowed: Mapping[str, ObjectStore]
    max_file_bytes: int
    own: frozenset[str] = frozenset()

    def bucket(self, name: str | None) -> str:
        """Return the name of an allowed bucket; without one the only one there is.

        Raises
        ------
        BucketNotAllowed
            If it is not allowed.
        InvalidRequest
            If no bucket is named and there is more than one.
        """
        if name is None and len(self.allowed) == 1:
            return next(iter(self.allowed))
        if name is None:
            raise InvalidRequest("s3_bucket: say which bucket the key is in")
        if name not in self.allowed:
            raise BucketNotAllowed(f"bucket {name!r} is not among ALLOWED_BUCKETS")
        return name

    def remove(self, bucket: str, key: str) -> None:
        """Remove a photo that the service stored itself."""
        self.allowed[bucket].delete(key)

    def photo(self, bucket: str | None, key: str) -> StoredObject:
        """Return a photo.

        Raises
        ------
        BucketNotAllowed
            If the bucket is not allowed.
        ObjectMissing
            If there is no such key.
        FileTooLarge
            If it is over the limit; its bytes are not read then.
        BucketNotFound, SourceUnavailable
            As in `reading`.
        """
        name = self.bucket(bucket)
        with self.reading(name):
            return self.allowed[name].get(key, max_bytes=self.max_file_bytes)

    @contextmanager
    def reading(self, bucket: str) -> Iterator[None]:
        """Tell what is wrong with a bucket of the caller's apart from what is wrong with S3.

        Raises
        ------
        BucketNotFound
            If it does not exist.
        SourceUnavailable
            If it does not answer, or refuses to be read.
        """
        try:
            yield
        except StorageUnavailable as error:
            if bucket in self.own:
                raise
            if isinstance(error, BucketMissing):
                raise BucketNotFound(f"bucket {bucket!r} does not exist") from error
            raise SourceUnavailable(str(error)) from error
