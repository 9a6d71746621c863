"""What a versioned bucket keeps of objects that were deleted or replaced, and its removal.

A delete in such a bucket only lays a marker over the object, and a write over it keeps
what was there. Both answers name a version, so that buckets without versions cost nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from core.errors import StorageUnavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

MAX_DELETED_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class _Version:
    key: str
    version_id: str
    is_present: bool = False
    is_marker: bool = False


@dataclass(frozen=True)
class OldVersions:
    """The old versions of one bucket. Errors are botocore's."""

    client: "S3Client"
    bucket: str

    def remove_of(self, keys: Iterable[str]) -> None:
        """Remove all but the present versions of these keys."""
        for key in keys:
            self._remove(self._all_of(key))

    def remove_below(self, prefix: str) -> None:
        """Remove all but the present versions of all keys with a prefix."""
        self._remove(self._all(prefix))

    def _remove(self, versions: Iterable[_Version]) -> None:
        old = [each for each in versions if each.is_marker or not each.is_present]
        # Markers last: without its marker the newest of the old versions would be back.
        for markers in (False, True):
            one_kind = [each for each in old if each.is_marker is markers]
            for start in range(0, len(one_kind), MAX_DELETED_AT_ONCE):
                self._delete(one_kind[start : start + MAX_DELETED_AT_ONCE])

    def _delete(self, versions: Sequence[_Version]) -> None:
        objects: list[ObjectIdentifierTypeDef] = [
            {"Key": each.key, "VersionId": each.version_id} for each in versions
        ]
        answer = self.client.delete_objects(
            Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True}
        )
        if refused := answer.get("Errors"):
            raise StorageUnavailable(
                f"S3 bucket {self.bucket}: {len(refused)} old versions were not removed: "
                f"{refused[0].get('Code')}"
            )

    def _all_of(self, key: str) -> Iterator[_Version]:
        """Yield what there is of one key; others that begin like it come behind it."""
        return takewhile(lambda each: each.key == key, self._all(key))

    def _all(self, prefix: str) -> Iterator[_Version]:
        """Yield versions and markers by key."""
        paginator = self.client.get_paginator("list_object_versions")
        for page in paginator.paginate(Bucket=self.bucket, Prefix=prefix):
            versions = [
                _Version(each["Key"], each["VersionId"], is_present=each["IsLatest"])
                for each in page.get("Versions", [])
            ]
            markers = [
                _Version(each["Key"], each["VersionId"], is_marker=True)
                for each in page.get("DeleteMarkers", [])
            ]
            yield from sorted([*versions, *markers], key=lambda each: each.key)
