"""Every way in which this service fails.

::

    FaceServiceError
    ├── InvalidSettings
    ├── BadRequest                  the caller's mistake, outside the photo
    │   ├── MissingFile
    │   ├── MissingFilename
    │   ├── RequestTimedOut
    │   ├── FormTooLarge
    │   ├── InvalidIdempotencyKey
    │   ├── InvalidCollectionId
    │   ├── InvalidRequest
    │   ├── BucketNotAllowed
    │   ├── NoFaceFound
    │   └── IdempotencyConflict
    ├── InvalidPhoto                this photo can never be recognised
    │   ├── EmptyFile
    │   ├── FileTooLarge
    │   ├── UnsupportedImage
    │   ├── TooManyPixels
    │   ├── AnimatedImage
    │   ├── TruncatedImage
    │   └── InvalidImage
    ├── NotFound
    │   ├── JobNotFound
    │   ├── BatchNotFound
    │   ├── BucketNotFound
    │   ├── CollectionNotFound
    │   ├── FaceNotFound
    │   └── PersonNotFound
    ├── Conflict
    │   ├── CollectionExists
    │   └── PersonRejected
    ├── TooBusy                     passes by itself, like the next ones
    ├── MalformedMessage
    ├── ObjectMissing
    ├── Erased                      what a job holds was erased after it was accepted
    ├── ServiceUnavailable          passes by itself: try again later
    │   ├── StorageUnavailable
    │   │   ├── BucketMissing
    │   │   └── SourceUnavailable
    │   ├── QueueUnavailable
    │   └── IndexUnavailable
    ├── RecognitionFailed           the child gave no answer: worth another try
    │   ├── RecognitionTimedOut
    │   ├── RecognizerDied
    │   └── ErasedMeanwhile
    └── ModelError
        ├── ModelMissing
        ├── ModelCorrupt
        └── ModelMismatch

``code`` is the name that clients, logs and documents use; ``retryable`` says
whether the same request may succeed later.
"""

from typing import ClassVar


class FaceServiceError(Exception):
    """Base of every error that this service raises on purpose."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    retryable: ClassVar[bool] = False


class InvalidSettings(FaceServiceError):
    """Raised when a variable of the environment can't be used; names the variable."""

    code = "INVALID_SETTINGS"


class BadRequest(FaceServiceError):
    """Raised when a request can't be understood."""

    code = "BAD_REQUEST"


class MissingFile(BadRequest):
    """Raised when the form has no file field ``inputFile``."""

    code = "MISSING_FILE"


class MissingFilename(BadRequest):
    """Raised when the uploaded file has an empty name."""

    code = "MISSING_FILENAME"


class RequestTimedOut(BadRequest):
    """Raised when the rest of a request's body does not come."""

    code = "REQUEST_TIMED_OUT"
    retryable = True


class FormTooLarge(BadRequest):
    """Raised when a form has too many fields, or too much text in them."""

    code = "FORM_TOO_LARGE"


class InvalidIdempotencyKey(BadRequest):
    """Raised when an Idempotency-Key is not 1 to 255 printable ASCII characters."""

    code = "INVALID_IDEMPOTENCY_KEY"


class InvalidCollectionId(BadRequest):
    """Raised when a collection id is not 1 to 100 of ``A-Z a-z 0-9 _ . -``."""

    code = "INVALID_COLLECTION_ID"


class InvalidRequest(BadRequest):
    """Raised when a field of a request is missing, unknown or out of bounds; names the field."""

    code = "INVALID_REQUEST"


class BucketNotAllowed(BadRequest):
    """Raised when a photo lies in a bucket that is not among ``ALLOWED_BUCKETS``."""

    code = "BUCKET_NOT_ALLOWED"


class NoFaceFound(BadRequest):
    """Raised when a comparison needs a face and a photo shows none."""

    code = "NO_FACE"


class IdempotencyConflict(BadRequest):
    """Raised when an Idempotency-Key comes again with another photo."""

    code = "IDEMPOTENCY_CONFLICT"


class InvalidPhoto(FaceServiceError):
    """Raised when a photo can't be recognised, now or later."""

    code = "INVALID_PHOTO"


class NoFaceInBox(InvalidPhoto):
    """Raised when no face of a photo lies in the box that a caller named."""

    code = "NO_FACE_IN_BOX"


class EmptyFile(InvalidPhoto):
    """Raised when the file has no bytes."""

    code = "EMPTY_FILE"


class FileTooLarge(InvalidPhoto):
    """Raised when the file is over ``MAX_FILE_MB``."""

    code = "FILE_TOO_LARGE"


class UnsupportedImage(InvalidPhoto):
    """Raised when the content is not JPEG, PNG, WebP, HEIC, AVIF or BMP."""

    code = "UNSUPPORTED_IMAGE"


class TooManyPixels(InvalidPhoto):
    """Raised when the header announces more than ``MAX_PIXELS``."""

    code = "TOO_MANY_PIXELS"


class AnimatedImage(InvalidPhoto):
    """Raised when the file holds several frames."""

    code = "ANIMATED_IMAGE"


class TruncatedImage(InvalidPhoto):
    """Raised when the end of the file is missing."""

    code = "TRUNCATED_IMAGE"


class InvalidImage(InvalidPhoto):
    """Raised when decoding the pixels shows that the file is damaged."""

    code = "INVALID_IMAGE"


class NotFound(FaceServiceError):
    """Raised when what a request names does not exist."""

    code = "NOT_FOUND"


class JobNotFound(NotFound):
    """Raised when no job was ever issued under an id."""

    code = "JOB_NOT_FOUND"


class BatchNotFound(NotFound):
    """Raised when no batch was ever issued under an id."""

    code = "BATCH_NOT_FOUND"


class BucketNotFound(NotFound):
    """Raised when a photo lies in a bucket of ``ALLOWED_BUCKETS`` that does not exist."""

    code = "BUCKET_NOT_FOUND"


class CollectionNotFound(NotFound):
    """Raised when there is no collection of that id."""

    code = "COLLECTION_NOT_FOUND"


class FaceNotFound(NotFound):
    """Raised when no face is enrolled under an id."""

    code = "FACE_NOT_FOUND"


class PersonNotFound(NotFound):
    """Raised when nobody of that name is enrolled."""

    code = "PERSON_NOT_FOUND"


class Conflict(FaceServiceError):
    """Raised when a request contradicts what is stored."""

    code = "CONFLICT"


class CollectionExists(Conflict):
    """Raised when a collection of that id is already there."""

    code = "COLLECTION_EXISTS"


class PersonRejected(Conflict):
    """Raised when a face would be given to a person of whom it was said not to be."""

    code = "PERSON_REJECTED"


class TooBusy(FaceServiceError):
    """Raised when every child process is busy; the caller tries again later."""

    code = "TOO_BUSY"
    retryable = True


class MalformedMessage(FaceServiceError):
    """Raised when a message body is no job of its queue; keeps the body.

    Also the code of a job whose message no worker could read.
    """

    code = "MALFORMED_MESSAGE"

    def __init__(self, body: str) -> None:
        super().__init__(f"message body is no job: {body[:200]!r}")
        self.body = body


class ObjectMissing(FaceServiceError):
    """Raised when no object is stored under a key."""

    code = "INPUT_MISSING"


class Erased(FaceServiceError):
    """Raised when the person, face or collection of a job was erased after it was accepted."""

    code = "ERASED"

    def __init__(self) -> None:
        super().__init__("what it holds was erased after it was accepted")


class ServiceUnavailable(FaceServiceError):
    """Raised when S3 or SQS does not answer as it should."""

    code = "SERVICE_UNAVAILABLE"
    retryable = True


class StorageUnavailable(ServiceUnavailable):
    """Raised when S3 does not answer, or a bucket does not exist."""

    code = "STORAGE_UNAVAILABLE"


class BucketMissing(StorageUnavailable):
    """Raised when S3 answers that it has no such bucket."""


class SourceUnavailable(StorageUnavailable):
    """Raised when a bucket of the caller's own does not answer, or refuses to be read."""


class QueueUnavailable(ServiceUnavailable):
    """Raised when SQS does not answer, or a queue does not exist."""

    code = "QUEUE_UNAVAILABLE"


class IndexUnavailable(ServiceUnavailable):
    """Raised when the vector database does not answer as it should."""

    code = "INDEX_UNAVAILABLE"


class RecognitionFailed(FaceServiceError):
    """Raised when the child process gave no answer."""

    code = "RECOGNITION_FAILED"
    retryable = True


class RecognitionTimedOut(RecognitionFailed):
    """Raised when the child process went over its deadline and was killed."""

    code = "RECOGNITION_TIMED_OUT"


class RecognizerDied(RecognitionFailed):
    """Raised when the child process ended without an answer (crash, out of memory)."""

    code = "RECOGNIZER_DIED"


class ErasedMeanwhile(RecognitionFailed):
    """Raised when an answer names somebody who was erased before it was stored."""

    code = "ERASED"


class ModelError(FaceServiceError):
    """Raised when a face model can't be used."""

    code = "MODEL_ERROR"


class ModelMissing(ModelError):
    """Raised when a model file is not installed."""

    code = "MODEL_MISSING"


class ModelCorrupt(ModelError):
    """Raised when a model file is damaged, or holds another model than its name says."""

    code = "MODEL_CORRUPT"


class ModelMismatch(ModelError):
    """Raised when embeddings of two models would be compared."""

    code = "MODEL_MISMATCH"
