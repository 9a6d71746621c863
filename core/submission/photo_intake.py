"""Checks a photo, stores it and sends its message; leaves nothing behind if it can't."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.errors import FileTooLarge, ServiceUnavailable
from core.faces.photos.photo_header import inspect_photo
from core.ground.authors import UNNAMED, Author
from core.ground.realms import Realm
from core.host.logs import log_fields
from core.host.tracing import tracing
from core.ports import JobQueue, ObjectStore
from core.submission.jobs_under_way import JobQuota

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Hands photos of a realm over to the workers by one queue."""

    queue: JobQueue
    inputs: ObjectStore
    max_file_bytes: int
    max_pixels: int
    realm: Realm
    jobs: JobQuota

    def check(self, photo: bytes) -> None:
        """Look at size, header and end of a photo, without decoding a pixel.

        Raises
        ------
        InvalidPhoto
            If it can't be used.
        """
        if len(photo) > self.max_file_bytes:
            raise FileTooLarge(
                f"{len(photo)} bytes; at most {self.max_file_bytes} bytes are accepted"
            )
        inspect_photo(photo, max_pixels=self.max_pixels)

    def store_and_enqueue(
        self,
        *,
        job_id: str,
        key: str,
        photo: bytes,
        body: str,
        metadata: Mapping[str, str],
        author: Author = UNNAMED,
        notes: Mapping[str, str] = MappingProxyType({}),
        remove_on_failure: bool = True,
    ) -> None:
        """Store a photo, then send its message.

        Parameters
        ----------
        metadata : mapping
            Stored with the photo; ASCII.
        author : Author
            Whose request it is, for those jobs that the audit trail tells of.
        notes : mapping
            Sent with the message, beside its body.
        remove_on_failure : bool
            Whether to remove the photo if the message can't be sent.

        Raises
        ------
        TooManyJobs
            If as many jobs are under way as may be.
        ServiceUnavailable
            If S3 or SQS is away.
        """
        self.jobs.begin(job_id)
        with log_fields(job_id=job_id):
            try:
                with tracing().span("store photo"):
                    self.inputs.put(
                        key,
                        photo,
                        content_type="application/octet-stream",
                        metadata={**metadata, **self.realm.notes},
                    )
                with tracing().span("send job"):
                    said = {**notes, **self.realm.notes, **author.notes, **tracing().notes()}
                    self.queue.send(body, notes=said)
            except ServiceUnavailable:
                self.jobs.end(job_id)
                if remove_on_failure:
                    self.remove(key, "photo")
                raise
            log.info("job was accepted", extra={"bytes": len(photo)})

    def remove(self, key: str, what: str) -> None:
        """Remove what was stored; log its name if that fails too."""
        try:
            self.inputs.delete(key)
        except ServiceUnavailable as error:
            log.error(  # noqa: TRY400 - the reason says it all
                "orphan was left in the input bucket", extra={"what": what, "reason": str(error)}
            )
