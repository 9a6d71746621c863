"""Photos that callers name by bucket and key."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import BucketNotAllowed, FileTooLarge, InvalidRequest
from core.ports import ObjectStore, StoredObject


def fetch_photo(store: ObjectStore, key: str, *, max_bytes: int) -> StoredObject:
    """Return a photo.

    Raises
    ------
    ObjectMissing
        If there is none.
    FileTooLarge
        If it is over the limit.
    """
    photo = store.get(key)
    if len(photo.body) > max_bytes:
        raise FileTooLarge(f"{len(photo.body)} bytes; at most {max_bytes} bytes are accepted")
    return photo


@dataclass(frozen=True, kw_only=True)
class PhotoSources:
    """The buckets of ``ALLOWED_BUCKETS``, by name."""

    allowed: Mapping[str, ObjectStore]
    max_file_bytes: int

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

    def photo(self, bucket: str | None, key: str) -> bytes:
        """Return a photo.

        Raises
        ------
        BucketNotAllowed
            If the bucket is not allowed.
        ObjectMissing
            If there is no such key.
        FileTooLarge
            If it is over the limit.
        """
        store = self.allowed[self.bucket(bucket)]
        return fetch_photo(store, key, max_bytes=self.max_file_bytes).body
