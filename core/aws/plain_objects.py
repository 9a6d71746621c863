"""Objects of S3 read by boto3 alone, which starts no thread."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from core.aws.clients import error_code, unavailable_as
from core.errors import BucketMissing, ObjectMissing, StorageUnavailable
from core.ports import StoredObject, check_size

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_MISSING: Final = ("NoSuchKey", "404")
_NO_BUCKET: Final = "NoSuchBucket"


class PlainObjects:
    """Reads objects of one bucket, also in a process that forks later, and under any key."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        """Return an object, as `ObjectStore.get` does."""
        with bucket_errors(self._bucket), missing_as_ours(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            with closing(answer["Body"]) as body:
                check_size(answer["ContentLength"], max_bytes)
                return StoredObject(
                    body=body.read(),
                    version=answer["ETag"],
                    metadata=answer["Metadata"],
                    modified_at=answer["LastModified"],
                )


@contextmanager
def bucket_errors(bucket: str) -> Iterator[None]:
    """Raise botocore's errors as ours."""
    with unavailable_as(StorageUnavailable, f"S3 bucket {bucket}"):
        try:
            yield
        except ClientError as error:
            if error_code(error) == _NO_BUCKET:
                raise BucketMissing(f"S3 bucket {bucket} does not exist") from error
            raise


@contextmanager
def missing_as_ours(key: str) -> Iterator[None]:
    """Raise ``ObjectMissing`` where S3 says that there is no such object."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in _MISSING:
            raise ObjectMissing(f"no object is stored under {key!r}") from error
        raise
