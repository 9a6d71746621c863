"""Whole objects to and from S3 through obstore, for a fraction of boto3's processor time."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    GenericError,
    NotModifiedError,
    PreconditionError,
)
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from core.aws.billed_requests import count
from core.aws.clients import ATTEMPTS, object_client
from core.errors import BucketMissing, ObjectMissing, StorageUnavailable
from core.ground.aws_keys import Renewable, are_keys_refused
from core.ground.aws_rights import note_missing_right
from core.ports import StoredObject, check_size, checked_path
from core.settings import Settings

if TYPE_CHECKING:
    from obstore import Attributes, GetOptions, PutMode

T = TypeVar("T")

_CONTENT_TYPE: Final = "Content-Type"
_HEADERS: Final = frozenset(
    {
        _CONTENT_TYPE,
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
    }
)
"""What obstore returns beside what was noted with an object."""
_CONDITION_FAILED: Final = ("<Code>PreconditionFailed<", "<Code>NoSuchKey<")
# A ConditionalRequestConflict is not among them: it proves nothing, and is tried again later.
_AGAIN: Final = Retrying(
    stop=stop_after_attempt(ATTEMPTS), retry=retry_if_exception_type(GenericError), reraise=True
)
_NO_BUCKET: Final = "<Code>NoSuchBucket<"


class S3Objects:
    """Reads and writes of one bucket; safe to use from several threads, not after a fork.

    Every method takes keys that are paths only: to obstore ``/a`` and ``a`` are the same.
    """

    def __init__(self, settings: Settings, bucket: str, endpoint: str) -> None:
        self._bucket = bucket
        self.keeps_versions = False
        """Whether a write was seen after which the bucket kept what was there before."""
        with self._errors():
            self._client = Renewable(
                lambda: object_client(settings, bucket, endpoint),
                is_refusal=lambda error: are_keys_refused(str(error)),
            )
            _ = self._client.current

    def get(
        self, key: str, *, unless_version: str = "", max_bytes: int | None = None
    ) -> StoredObject | None:
        """Return an object, or None if it has that version.

        Raises
        ------
        FileTooLarge
            If it has more than ``max_bytes``; its body is not read then.
        """
        options: GetOptions = {"if_none_match": unless_version} if unless_version else {}
        count("s3", "GetObject")
        with self._errors():
            try:
                found = self._client.run(
                    lambda client: obstore.get(client, checked_path(key), options=options)
                )
                check_size(found.meta["size"], max_bytes)
                body = bytes(found.bytes())
            except NotModifiedError:
                return None
            except FileNotFoundError as error:
                if _NO_BUCKET in str(error):
                    raise
                raise ObjectMissing(f"no object is stored under {key!r}") from error
        notes = {name: note for name, note in found.attributes.items() if name not in _HEADERS}
        return StoredObject(
            body=body,
            version=found.meta["e_tag"] or "",
            metadata=notes,
            modified_at=found.meta["last_modified"],
        )

    def put(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> None:
        attributes: Attributes = {_CONTENT_TYPE: content_type, **metadata}
        with self._errors():
            self._put(key, body, attributes, "overwrite")

    def put_if(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        version: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> str | None:
        """Write only over that version (None: only where nothing is); return the new version.

        None is returned if it was not done.
        """
        attributes: Attributes = {_CONTENT_TYPE: content_type, **(metadata or {})}
        mode: PutMode = "create" if version is None else {"e_tag": version}
        with self._errors():
            try:
                # obstore does not repeat a conditional write whose connection broke: it may
                # have been done, and then fails its own condition. boto3 repeats it, too.
                for attempt in _AGAIN:
                    with attempt:
                        written = self._put(key, body, attributes, mode)
            except (AlreadyExistsError, PreconditionError) as error:
                if not any(code in str(error) for code in _CONDITION_FAILED):
                    raise
                return None
        return written

    def versions(self, prefix: str) -> dict[str, str]:
        """Return the tags of all objects in a folder, whose name ends in ``/``, by key."""
        folder = checked_path(prefix[:-1])
        with self._errors():
            return self._client.run(
                lambda client: {
                    entry["path"]: entry["e_tag"] or ""
                    for page in _counted(obstore.list(client, folder))
                    for entry in page
                }
            )

    def _put(self, key: str, body: bytes, attributes: "Attributes", mode: "PutMode") -> str:
        """Write an object and return its version."""
        count("s3", "PutObject")
        written = self._client.run(
            lambda client: obstore.put(
                client,
                checked_path(key),
                body,
                attributes=attributes,
                mode=mode,
                use_multipart=False,
            )
        )
        if written["version"] is not None:
            self.keeps_versions = True
        return written["e_tag"] or ""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            if _NO_BUCKET in str(error):
                raise BucketMissing(f"S3 bucket {self._bucket} does not exist") from error
            note_missing_right(str(error))
            # What follows is a dump of obstore's own structures.
            what = str(error).partition("\n\nDebug source")[0].replace("\n", " ")
            raise StorageUnavailable(f"S3 bucket {self._bucket}: {what}") from error


def _counted(pages: Iterable[T]) -> Iterator[T]:
    """Count a request for each page of a listing."""
    for page in pages:
        count("s3", "ListObjectsV2")
        yield page
