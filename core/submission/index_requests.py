"""Accepts single photos whose faces the workers add to a collection."""

from dataclasses import dataclass

from core.collections.registry import Collections
from core.ground.authors import UNNAMED, Author
from core.ground.ids import new_id
from core.ground.storage_keys import photo_key
from core.jobs.index_job import IndexJob, IndexRequest
from core.jobs.recognition_job import COLLECTION_NOTE, PERSON_NOTE, noted_person, safe_filename
from core.submission.photo_intake import Intake


@dataclass(frozen=True, kw_only=True)
class IndexRequests:
    """Hands photos to the workers through the index queue.

    Parameters
    ----------
    bucket : str
        Name of the input bucket, for the messages.
    """

    intake: Intake
    collections: Collections
    bucket: str

    def submit(
        self,
        photo: bytes,
        image_id: str,
        filename: str,
        request: IndexRequest,
        author: Author = UNNAMED,
    ) -> str:
        """Store a photo and queue its job; return the job's id.

        Parameters
        ----------
        photo : bytes
            One that `Intake.check` accepts.
        image_id : str
            What callers call it.
        filename : str
            The client's name for the file; any text.
        request : IndexRequest
            What is to be done with its faces.
        author : Author
            Whose request it is.

        Raises
        ------
        CollectionNotFound
            If there is no such collection.
        ReadOnly
            If nothing may be changed now.
        ServiceUnavailable
            If S3 or SQS is away; what was stored has been removed again.
        """
        self.collections.to_enrol(request.collection_id)
        job_id = new_id()
        key = photo_key(job_id, safe_filename(filename))
        job = IndexJob.of(
            request, job_id=job_id, image_id=image_id, s3_bucket=self.bucket, s3_key=key
        )
        metadata = {COLLECTION_NOTE: request.collection_id}
        if request.person is not None:
            metadata[PERSON_NOTE] = noted_person(request.person)
        self.intake.store_and_enqueue(
            job_id=job_id,
            key=key,
            photo=photo,
            body=job.body,
            metadata=metadata,
            author=author,
        )
        return job_id
