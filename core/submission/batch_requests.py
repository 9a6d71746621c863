"""Batches: many photos of one bucket, indexed by the workers, counted together.

A batch is an object ``batches/{id}/photos.json`` in the output bucket, written
before its messages are sent. For each job that has ended, a worker leaves an
empty object ``batches/{id}/{position}.done`` or ``.failed``, so that a few
listings count a batch of any size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from core.access.audit_trail import AuditTrail
from core.collections.registry import Collections
from core.errors import InvalidRequest
from core.ground.authors import UNNAMED, Author
from core.ground.ids import new_id
from core.ground.realms import Realm
from core.ground.storage_keys import job_of_photo
from core.jobs.batch_records import (
    Batch,
    BatchLists,
    BatchPhoto,
    all_keys,
    note_ended,
)
from core.jobs.index_job import MAX_KEY_BYTES, IndexJob, IndexOptions, is_key
from core.jobs.photo_sources import PhotoSources
from core.jobs.recognition_job import failed
from core.jobs.results import Results
from core.jobs.webhooks.outbox import Outbox
from core.ports import JobQueue, ObjectStore
from core.submission.direct_uploads import DirectUploads
from core.submission.jobs_under_way import JobQuota

MAX_KEYS: Final = 1_000
MAX_PREFIX_KEYS: Final = 10_000

_NO_KEY: Final = f"a photo's key is 1 to {MAX_KEY_BYTES} bytes without control characters"


def _admit_all(_photos: int) -> None:
    """Admit batches of any size."""


@dataclass(frozen=True, kw_only=True)
class BatchRequests:
    """Accepts batches."""

    queue: JobQueue
    outputs: ObjectStore
    sources: PhotoSources
    collections: Collections
    direct: DirectUploads
    audit: AuditTrail
    realm: Realm
    events: Outbox
    jobs: JobQuota

    def submit_keys(
        self,
        bucket: str | None,
        keys: Sequence[str],
        options: IndexOptions,
        author: Author = UNNAMED,
        *,
        admit: Callable[[int], None] = _admit_all,
    ) -> str:
        """Queue the photos of these keys; return the batch's id.

        Parameters
        ----------
        admit : callable
            Is told how many photos it is, before any is queued, and raises if that is too many.

        Raises
        ------
        InvalidRequest
            If there are none or too many, a key twice, or one that is none (`is_key`).
        BucketNotAllowed
            If the bucket is not allowed.
        ObjectMissing
            If the bucket is that of direct uploads, and a key has no photo.
        CollectionNotFound
            If there is no such collection.
        ServiceUnavailable
            If S3 or SQS is away; some photos may be indexed nevertheless.
        """
        if not 1 <= len(keys) <= MAX_KEYS:
            raise InvalidRequest(f"s3_keys: {len(keys)} keys; 1 to {MAX_KEYS} are accepted")
        for key in keys:
            if not is_key(key):
                raise InvalidRequest(f"s3_keys: {key[:300]!r}: {_NO_KEY}")
        if bucket == self.direct.bucket:
            admit(len(keys))  # first, because the look takes a request to S3 for each key
            self.direct.check(keys, options)
            job_ids = [job_of_photo(key) for key in keys]
            return self._submit(bucket, keys, options, author, _admit_all, job_ids=job_ids)
        return self._submit(self.sources.bucket(bucket), keys, options, author, admit)

    def submit_prefix(
        self,
        bucket: str | None,
        prefix: str,
        options: IndexOptions,
        author: Author = UNNAMED,
        *,
        admit: Callable[[int], None] = _admit_all,
    ) -> str:
        """Queue all photos whose keys begin so; return the batch's id.

        A key that can't be that of a photo fails alone. ``admit`` is as in `submit_keys`.

        Raises
        ------
        InvalidRequest
            If there are none, or more than 10,000.
        BucketNotFound
            If the bucket does not exist.
        BucketNotAllowed, CollectionNotFound, ServiceUnavailable
            As in `submit_keys`.
        """
        name = self.sources.bucket(bucket)
        found = all_keys(self.sources.allowed[name], prefix)
        photos = (key for key in found if not key.endswith("/"))
        with self.sources.reading(name):
            keys = list(islice(photos, MAX_PREFIX_KEYS + 1))
        if not keys:
            raise InvalidRequest(f"s3_prefix: no key of bucket {name!r} begins so")
        if len(keys) > MAX_PREFIX_KEYS:
            raise InvalidRequest(f"s3_prefix: over {MAX_PREFIX_KEYS} keys begin so; name fewer")
        return self._submit(name, keys, options, author, admit)

    def _submit(
        self,
        bucket: str,
        keys: Sequence[str],
        options: IndexOptions,
        author: Author,
        admit: Callable[[int], None],
        *,
        job_ids: Sequence[str] = (),
    ) -> str:
        if len(set(keys)) < len(keys):
            raise InvalidRequest("s3_keys: a key comes twice")
        self.collections.to_enrol(options.collection_id)
        admit(len(keys))
        accepted_at = self.outputs.now()
        batch = Batch(
            batch_id=new_id(),
            collection_id=options.collection_id,
            person=options.person,
            accepted_at=accepted_at,
            photos=[
                BatchPhoto(job_id=job_id, image_id=key)
                for job_id, key in zip(job_ids or [new_id() for _ in keys], keys, strict=True)
            ],
        )
        self.jobs.begin_batch(batch.batch_id, len(batch.photos))
        self._lists.write(batch)
        self._lists.announce(batch)
        self._fail_odd(batch)
        jobs = [
            IndexJob.of(
                options,
                job_id=photo.job_id,
                image_id=photo.image_id,
                s3_bucket=bucket,
                s3_key=photo.image_id,
                batch_id=batch.batch_id,
                position=position,
                accepted_at=accepted_at,
            )
            for position, photo in enumerate(batch.photos)
            if is_key(photo.image_id)
        ]
        # First, because some photos may be queued when the others can't be.
        self.audit.add(
            "enrol_batch",
            author,
            people=[options.person],
            collection_id=options.collection_id,
            batch_id=batch.batch_id,
            counts={"photos": len(batch.photos)},
        )
        notes = {**self.realm.notes, **author.notes}
        self.queue.send_many([job.body for job in jobs], notes=[notes] * len(jobs))
        self.events.batch_accepted(batch)
        return batch.batch_id

    def _fail_odd(self, batch: Batch) -> None:
        """Give a result to the photos whose keys no message can hold."""
        for position, photo in enumerate(batch.photos):
            if not is_key(photo.image_id):
                result = failed(
                    photo.job_id, InvalidRequest.code, _NO_KEY, collection_id=batch.collection_id
                )
                Results(self.outputs, self.realm).write(result)
                note_ended(self.outputs, batch.batch_id, position, result)

    @property
    def _lists(self) -> BatchLists:
        return BatchLists(outputs=self.outputs, realm=self.realm)
