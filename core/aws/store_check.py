"""What takes the place of S3 has to do as S3 does: tried out with one small object."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from core.aws.clients import error_code, unavailable_as
from core.errors import StorageUnavailable, StoreUnfit
from core.ground.storage_keys import CHECKS

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_NO_SUCH_CALL: Final = ("NotImplemented", "MethodNotAllowed")
_CONDITION_FAILED: Final = ("PreconditionFailed", "ConditionalRequestConflict", "412", "304")
_NOTES: Final = {"check": "a note"}
_OTHER_VERSION: Final = '"00000000000000000000000000000000"'


def require_fitness(client: "S3Client", bucket: str) -> None:
    """Try out in a bucket all that the service needs of S3, and remove what that left.

    Uses boto3 alone: whoever calls it may fork later.

    Raises
    ------
    StoreUnfit
        If something is missing; names all that is, and the store's address.
    StorageUnavailable
        If the store does not answer, or the bucket is missing: nothing is known then.
    """
    trial = _Trial(client=client, bucket=bucket, key=f"{CHECKS}{uuid.uuid4()}")
    with unavailable_as(StorageUnavailable, f"S3 bucket {bucket}"):
        try:
            missing = list(trial.missing())
        finally:
            with suppress(BotoCoreError, ClientError):
                client.delete_object(Bucket=bucket, Key=trial.key)
    if missing:
        raise _unfit(client, "; ".join(missing))


@contextmanager
def calls_of_s3(client: "S3Client") -> Iterator[None]:
    """Raise ``StoreUnfit`` for a call that the store does not have."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in _NO_SUCH_CALL:
            raise _unfit(client, f"{error.operation_name} is not there") from error
        raise


def _unfit(client: "S3Client", what: str) -> StoreUnfit:
    return StoreUnfit(
        f"the store at {client.meta.endpoint_url} does not do what S3 does: {what}. "
        "Use another store, or a newer version of it"
    )


@dataclass(frozen=True, kw_only=True)
class _Trial:
    client: "S3Client"
    bucket: str
    key: str

    def missing(self) -> Iterator[str]:
        """Yield what the store lacks."""
        version = self._put(b"1")["ETag"]
        yield from self._missing_of_writes(version)
        found = self._get()
        if self._is_done(lambda: self._get(IfNoneMatch=found["ETag"])):
            yield "GetObject ignores If-None-Match"
        if found["Metadata"] != _NOTES:
            yield "metadata is not kept"
        if self._listed() != {self.key: found["ETag"]}:
            yield "ListObjectsV2 does not list what was just written, with its ETag"
        for name, ask in (
            ("GetBucketLifecycleConfiguration", self._lifecycle),
            ("GetBucketVersioning", self._versioning),
        ):
            if not self._is_there(ask):
                yield f"{name} is not there"

    def _missing_of_writes(self, version: str) -> Iterator[str]:
        if self._is_done(lambda: self._put(b"2", IfNoneMatch="*")):
            yield "PutObject ignores If-None-Match"
        if self._is_done(lambda: self._put(b"2", IfMatch=_OTHER_VERSION)):
            yield "PutObject ignores If-Match"
            return
        # A write whose answer was lost, and which boto3 repeated, was done and then refused.
        if not self._is_done(lambda: self._put(b"3", IfMatch=version)) and self._body() != b"3":
            yield "PutObject refuses If-Match with the object's own ETag"

    def _put(self, body: bytes, **condition: Any) -> Any:
        return self.client.put_object(
            Bucket=self.bucket, Key=self.key, Body=body, Metadata=_NOTES, **condition
        )

    def _get(self, **condition: Any) -> Any:
        return self.client.get_object(Bucket=self.bucket, Key=self.key, **condition)

    def _body(self) -> bytes:
        return bytes(self._get()["Body"].read())

    def _listed(self) -> dict[str, str]:
        page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.key, MaxKeys=10)
        return {each["Key"]: each["ETag"] for each in page.get("Contents", [])}

    def _lifecycle(self) -> Any:
        return self.client.get_bucket_lifecycle_configuration(Bucket=self.bucket)

    def _versioning(self) -> Any:
        return self.client.get_bucket_versioning(Bucket=self.bucket)

    @staticmethod
    def _is_done(ask: Callable[[], Any]) -> bool:
        """Tell whether a conditional request was done, and not refused for its condition."""
        try:
            ask()
        except ClientError as error:
            if error_code(error) in _CONDITION_FAILED:
                return False
            if error_code(error) in _NO_SUCH_CALL:
                return True  # S3 would not have refused it so
            raise
        return True

    @staticmethod
    def _is_there(ask: Callable[[], Any]) -> bool:
        try:
            ask()
        except ClientError as error:
            return error_code(error) not in _NO_SUCH_CALL
        return True
