"""An ObjectStore on one S3 bucket."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from core.aws.clients import error_code
from core.aws.plain_objects import PlainObjects, bucket_errors, missing_as_ours
from core.aws.s3_objects import S3Objects
from core.aws.s3_versions import MAX_DELETED_AT_ONCE, OldVersions
from core.errors import StorageUnavailable
from core.ports import ObjectNotes, StoredObject, UploadForm, checked_path, is_path
from core.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_LARGE_BYTES: Final = 1_000_000
"""obstore counts the time that it sends as time without an answer, boto3 does not."""
_MISSING: Final = ("NoSuchKey", "404")
_NO_BUCKET: Final = "NoSuchBucket"
_OBSTACLES: Final = {"404": "it does not exist", "403": "S3 refuses to show it (403)"}


class S3Store:
    """One bucket; keeps the contract of ``ObjectStore``.

    Whole objects go through obstore, which takes a fraction of boto3's processor time
    (docs/benchmarks/s3.json); all else goes through boto3, large photos too. Of what is
    deleted or replaced a versioned bucket keeps nothing.
    """

    def __init__(self, settings: Settings, bucket: str, client: "S3Client") -> None:
        self._client = client
        self._bucket = bucket
        self._objects = S3Objects(settings, bucket, client.meta.endpoint_url)
        self._plain = PlainObjects(client, bucket)
        self._old = OldVersions(client, bucket)

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        if not is_path(key):
            return self._plain.get(key, max_bytes=max_bytes)
        stored = self._objects.get(key, max_bytes=max_bytes)
        assert stored is not None  # noqa: S101 - only a conditional get brings None
        return stored

    def notes(self, key: str) -> ObjectNotes:
        with self._errors(), missing_as_ours(key):
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        return ObjectNotes(metadata=answer["Metadata"], modified_at=answer["LastModified"])

    def now(self) -> datetime:
        with self._errors():
            answer = self._client.head_bucket(Bucket=self._bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def get_if_changed(self, key: str, version: str) -> StoredObject | None:
        return self._objects.get(key, unless_version=version)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        notes = metadata or {}
        if len(body) <= _LARGE_BYTES:
            self._objects.put(key, body, content_type=content_type, metadata=notes)
            if self._objects.keeps_versions:
                self._forget_old([key])
            return
        with self._errors():
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=checked_path(key),
                Body=body,
                ContentType=content_type,
                Metadata=notes,
            )
        if "VersionId" in answer or self._objects.keeps_versions:
            self._forget_old([key])

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> bool:
        written = self._objects.put_if(
            key, body, content_type=content_type, version=version, metadata=metadata
        )
        if written is not None and version is not None and self._objects.keeps_versions:
            self._forget_old([key])
        return written is not None

    def swap(self, key: str, body: bytes, *, content_type: str, version: str | None) -> str | None:
        written = self._objects.put_if(key, body, content_type=content_type, version=version)
        if written is not None and version is not None and self._objects.keeps_versions:
            self._forget_old([key])
        return written

    def delete(self, key: str) -> None:
        with self._errors():
            answer = self._client.delete_object(Bucket=self._bucket, Key=key)
        if "VersionId" in answer:
            self._forget_old([key])

    def delete_many(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), MAX_DELETED_AT_ONCE):
            batch = keys[start : start + MAX_DELETED_AT_ONCE]
            with self._errors():
                # Not quiet: a quiet answer does not tell that a version was kept.
                answer = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": key} for key in batch], "Quiet": False},
                )
            self._forget_old(
                [each["Key"] for each in answer.get("Deleted", []) if each.get("DeleteMarker")]
            )
            if refused := answer.get("Errors"):
                raise StorageUnavailable(
                    f"S3 bucket {self._bucket}: {len(refused)} objects were not removed: "
                    f"{refused[0].get('Code')}"
                )

    def forget_old_below(self, prefix: str) -> None:
        """Remove what a versioned bucket keeps below a prefix that others write and delete.

        It is known to be one by a look at its state, or by the answer to a write.
        """
        if not self._objects.keeps_versions:
            return
        with self._errors():
            self._old.remove_below(prefix)

    def upload_form(
        self, key: str, *, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> UploadForm:
        fields = {f"x-amz-meta-{name}": note for name, note in metadata.items()}
        with self._errors():
            form = self._client.generate_presigned_post(
                Bucket=self._bucket,
                Key=checked_path(key),
                Fields=dict(fields),
                Conditions=[{name: note} for name, note in fields.items()]
                + [["content-length-range", 1, max_bytes]],
                ExpiresIn=seconds,
            )
        return UploadForm(url=form["url"], fields=form["fields"])

    def keys(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[str]:
        return list(self.page(prefix, after=after, limit=limit))

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> dict[str, str]:
        most = min(limit, 1000)
        found: dict[str, str] = {}
        begin: dict[str, Any] = {"StartAfter": after}
        while True:
            with self._errors():
                listing = self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=prefix, MaxKeys=most - len(found), **begin
                )
            found |= {entry["Key"]: entry["ETag"] for entry in listing.get("Contents", [])}
            if not listing["IsTruncated"] or len(found) >= most:
                return found
            begin = {"ContinuationToken": listing["NextContinuationToken"]}

    def versions(self, prefix: str) -> dict[str, str]:
        return self._objects.versions(prefix)

    def keeps_versions(self) -> bool:
        """Tell whether S3 keeps what is deleted or replaced, or did so before."""
        with self._errors():
            keeps = "Status" in self._client.get_bucket_versioning(Bucket=self._bucket)
        # Answers to writes no longer tell where versioning was suspended.
        self._objects.keeps_versions = keeps
        return keeps

    def check(self) -> None:
        with self._errors():
            self._client.head_bucket(Bucket=self._bucket)

    def obstacle(self) -> str | None:
        """Say why the bucket can't be read while S3 answers, None if it can be."""
        with self._errors():
            try:
                self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if error_code(error) not in _OBSTACLES:
                    raise
                return _OBSTACLES[error_code(error)]
        return None

    def _forget_old(self, keys: Sequence[str]) -> None:
        with self._errors():
            self._old.remove_of(keys)

    def _errors(self) -> AbstractContextManager[None]:
        return bucket_errors(self._bucket)
