"""Photos that callers upload to S3 themselves, to be indexed in batches.

A caller who has a large album asks for a place in the input bucket and sends the photo there: its
bytes never pass the web tier. The key is that of a job to come, and S3 stores with the photo what
the caller said of it. So the photo is erased like any other that waits, even before it is indexed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from core.collections.registry import Collections
from core.errors import FaceServiceError, InvalidRequest, ObjectMissing
from core.ground.ids import new_id
from core.ground.parallel import for_each
from core.ground.realms import Realm
from core.ground.storage_keys import is_photo_key, photo_key
from core.jobs.index_job import IndexOptions
from core.jobs.recognition_job import COLLECTION_NOTE, PERSON_NOTE, noted_person, safe_filename
from core.ports import Bucket, UploadForm

_VALID_FOR: Final = timedelta(minutes=15)
_NOTE: Final = "direct-upload"
"""Metadata of photos that no request has stored; others can't be named by their keys."""
_ASKED_AT_ONCE: Final = 16


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Where a photo can be sent until a time, and under which key it then lies."""

    bucket: str
    key: str
    form: UploadForm
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class DirectUploads:
    """Offers places for photos, and knows what lies there.

    Parameters
    ----------
    inputs : Bucket
    bucket : str
        Its name.
    """

    inputs: Bucket
    bucket: str
    collections: Collections
    max_file_bytes: int
    realm: Realm

    def offer(self, filename: str, collection_id: str, person: str | None) -> Offer:
        """Return a place for one photo of a person, or of nobody in particular.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        """
        self.collections.to_enrol(collection_id)
        key = photo_key(new_id(), safe_filename(filename))
        form = self.inputs.upload_form(
            key,
            metadata=self._metadata(collection_id, person),
            max_bytes=self.max_file_bytes,
            seconds=round(_VALID_FOR.total_seconds()),
        )
        expires_at = datetime.now(UTC) + _VALID_FOR
        return Offer(bucket=self.bucket, key=key, form=form, expires_at=expires_at)

    def check(self, keys: Sequence[str], options: IndexOptions) -> None:
        """See that photos are there, and are to be indexed as was said of them.

        Raises
        ------
        ObjectMissing
            If there is none under a key that was offered.
        InvalidRequest
            If it was offered for another collection or person.
        StorageUnavailable
            If S3 is away.
        """
        wanted = self._metadata(options.collection_id, options.person)
        problems: dict[str, Exception] = {}

        def look(key: str) -> None:
            try:
                self._check(key, wanted)
            except FaceServiceError as error:
                problems[key] = error

        for_each(look, keys, threads=_ASKED_AT_ONCE)
        for key in keys:
            if key in problems:
                raise problems[key]

    def _check(self, key: str, wanted: dict[str, str]) -> None:
        noted = self._noted(key)
        if noted is None:
            raise ObjectMissing(f"no photo was uploaded under {key!r}")
        if {name: noted.get(name) for name in (COLLECTION_NOTE, PERSON_NOTE)} != {
            name: wanted.get(name) for name in (COLLECTION_NOTE, PERSON_NOTE)
        }:
            raise InvalidRequest(f"s3_keys: {key!r} was offered for another collection or person")

    def _noted(self, key: str) -> Mapping[str, str] | None:
        """Return what was said of an uploaded photo; None if the realm has none of that key."""
        if not is_photo_key(key):
            return None
        try:
            noted = self.inputs.notes(key).metadata
        except ObjectMissing:
            return None
        is_shown = self.realm.owns(noted) and self.realm.shows(noted.get(COLLECTION_NOTE, ""))
        return noted if is_shown and _NOTE in noted else None

    def _metadata(self, collection_id: str, person: str | None) -> dict[str, str]:
        named = {} if person is None else {PERSON_NOTE: noted_person(person)}
        return {COLLECTION_NOTE: collection_id, _NOTE: "yes", **named, **self.realm.notes}
