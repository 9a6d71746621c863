"""One job for all requests with one Idempotency-Key.

A record in the input bucket names the job of a key. The request that writes
the record first hands the job over. A second request can't tell whether the
first one died, so it hands the same job over again, after it has noted that in
the record. If the attempt of the first one fails then, it leaves the job alone.
A record that says ``undone`` has no job any more: the next request puts its
own job there, under another id, so that a late removal can't harm it.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from core.errors import (
    IdempotencyConflict,
    InvalidIdempotencyKey,
    ObjectMissing,
    ServiceUnavailable,
    StorageUnavailable,
    TooManyJobs,
)
from core.ground.realms import Realm
from core.ground.storage_keys import idempotency_record_key
from core.ports import ObjectStore

log = logging.getLogger(__name__)

_KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")
_JSON: Final = "application/json"
_Step = Callable[[str], None]


class _Record(BaseModel):
    """What came under a key, and how far it got."""

    body: str
    request_sha256: str
    state: Literal["begun", "taken over", "queued", "undone"] = "begun"


@dataclass(frozen=True, kw_only=True)
class _Stored:
    record: _Record
    version: str


@dataclass(frozen=True, kw_only=True)
class IdempotencyKeys:
    """The records of one realm in an input bucket."""

    inputs: ObjectStore
    realm: Realm

    def submit(
        self,
        key: str,
        *,
        body: str,
        fingerprint: bytes,
        hand_over: _Step,
        take_back: _Step,
    ) -> str:
        """Hand a job over once; return the body of the job that the key stands for.

        Parameters
        ----------
        body : str
            The job's message, in case the key is new.
        fingerprint : bytes
            What must be the same when a key comes again.
        hand_over, take_back : callable
            Store and queue the job of a body; remove what was stored for it.

        Raises
        ------
        InvalidIdempotencyKey
            If the key is not 1 to 255 printable ASCII characters.
        IdempotencyConflict
            If the key came before with something else.
        ServiceUnavailable
            If S3 or SQS is away; a repetition is safe.
        """
        if not _KEY.fullmatch(key):
            raise InvalidIdempotencyKey("an Idempotency-Key is 1 to 255 printable ASCII characters")
        place = idempotency_record_key(key, self.realm)
        record = _Record(body=body, request_sha256=hashlib.sha256(fingerprint).hexdigest())
        if self.inputs.put_if(place, _encoded(record), content_type=_JSON, version=None):
            self._as_first(place, record, hand_over, take_back)
            return body
        return self._as_second(place, record, hand_over, take_back)

    def _as_first(self, place: str, record: _Record, hand_over: _Step, take_back: _Step) -> None:
        try:
            hand_over(record.body)
        except (ServiceUnavailable, TooManyJobs):
            self._undo(place, record, take_back)
            raise
        self._note_queued(place, record)

    def _as_second(self, place: str, new: _Record, hand_over: _Step, take_back: _Step) -> str:
        stored = self._read(place)
        if stored.record.state == "undone":
            self._replace(place, new, stored.version)
            self._as_first(place, new, hand_over, take_back)
            return new.body
        if stored.record.request_sha256 != new.request_sha256:
            raise IdempotencyConflict("this Idempotency-Key came before with another photo")
        if stored.record.state != "queued":
            if stored.record.state == "begun":
                taken = stored.record.model_copy(update={"state": "taken over"})
                self._replace(place, taken, stored.version)
            # The same job may be sent twice, which does no harm: the first result wins.
            hand_over(stored.record.body)
            self._note_queued(place, stored.record)
        return stored.record.body

    def _undo(self, place: str, record: _Record, take_back: _Step) -> None:
        """Remove what is left of a failed attempt, unless another request took the job over."""
        try:
            stored = self._read(place)
            if stored.record != record:
                return
            undone = record.model_copy(update={"state": "undone"})
            self._replace(place, undone, stored.version)
        except ServiceUnavailable as error:
            log.warning("failed job may stay in the input bucket", extra={"reason": str(error)})
            return
        take_back(record.body)

    def _note_queued(self, place: str, record: _Record) -> None:
        """Note that later requests need not send the job; it is accepted even if this fails."""
        queued = record.model_copy(update={"state": "queued"})
        try:
            self.inputs.put(place, _encoded(queued), content_type=_JSON)
        except ServiceUnavailable as error:
            log.warning("idempotency record was not updated", extra={"reason": str(error)})

    def _replace(self, place: str, record: _Record, version: str) -> None:
        if not self.inputs.put_if(place, _encoded(record), content_type=_JSON, version=version):
            raise StorageUnavailable("another request with the same key came in between")

    def _read(self, place: str) -> _Stored:
        try:
            stored = self.inputs.get(place)
        except ObjectMissing as error:
            raise StorageUnavailable("the record of this Idempotency-Key is gone") from error
        return _Stored(record=_Record.model_validate_json(stored.body), version=stored.version)


def _encoded(record: _Record) -> bytes:
    return record.model_dump_json().encode()
