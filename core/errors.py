"""Every way in which this service fails.

::

    FaceServiceError
    ├── InvalidSettings
    ├── BadRequest                  the caller's mistake, outside the photo
    │   ├── MissingFile
    │   ├── MissingFilename
    │   ├── RequestTimedOut
    │   ├── InvalidIdempotencyKey
    │   ├── InvalidCollectionId
    │   └── IdempotencyConflict
    ├── InvalidPhoto                this photo can never be recognised
    │   ├── EmptyFile
    │   ├── FileTooLarge
    │   ├── UnsupportedImage
    │   ├── TooManyPixels
    │   ├── AnimatedImage
    │   ├── TruncatedImage
    │   └── InvalidImage
    ├── JobNotFound
    ├── GalleryCorrupt
    ├── MalformedMessage
    ├── ObjectMissing
    ├── ServiceUnavailable          passes by itself: try again later
    │   ├── StorageUnavailable
    │   └── QueueUnavailable
    ├── RecognitionFailed           the child gave no answer: worth another try
    │   ├── RecognitionTimedOut
    │   └── RecognizerDied
    └── ModelError
        ├── ModelMissing
        ├── ModelCorrupt
        └── ModelMismatch

``code`` is the name that clients, logs and documents use.
"""

from typing import ClassVar


class FaceServiceError(Exception):
    """Base of every error that this service raises on purpose."""

    code: ClassVar[str] = "INTERNAL_ERROR"


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


class InvalidIdempotencyKey(BadRequest):
    """Raised when an Idempotency-Key is not 1 to 255 printable ASCII characters."""

    code = "INVALID_IDEMPOTENCY_KEY"


class InvalidCollectionId(BadRequest):
    """Raised when a collection id is not 1 to 100 of ``A-Z a-z 0-9 _ . -``."""

    code = "INVALID_COLLECTION_ID"


class IdempotencyConflict(BadRequest):
    """Raised when an Idempotency-Key comes again with another photo."""

    code = "IDEMPOTENCY_CONFLICT"


class InvalidPhoto(FaceServiceError):
    """Raised when a photo can't be recognised, now or later."""

    code = "INVALID_PHOTO"


class EmptyFile(InvalidPhoto):
    """Raised when the file has no bytes."""

    code = "EMPTY_FILE"


class FileTooLarge(InvalidPhoto):
    """Raised when the file is over ``MAX_FILE_MB``."""

    code = "FILE_TOO_LARGE"


class UnsupportedImage(InvalidPhoto):
    """Raised when the content is not JPEG, PNG, WebP or HEIC."""

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


class JobNotFound(FaceServiceError):
    """Raised when no job was ever issued under an id."""

    code = "JOB_NOT_FOUND"


class GalleryCorrupt(FaceServiceError):
    """Raised when a stored collection can't be read."""

    code = "GALLERY_CORRUPT"


class MalformedMessage(FaceServiceError):
    """Raised when a message body is not ``{job_id}_{filename}``; keeps the body."""

    code = "MALFORMED_MESSAGE"

    def __init__(self, body: str) -> None:
        super().__init__(f"message body is not '{{job_id}}_{{filename}}': {body[:200]!r}")
        self.body = body


class ObjectMissing(FaceServiceError):
    """Raised when no object is stored under a key."""

    code = "INPUT_MISSING"


class ServiceUnavailable(FaceServiceError):
    """Raised when S3 or SQS does not answer as it should."""

    code = "SERVICE_UNAVAILABLE"


class StorageUnavailable(ServiceUnavailable):
    """Raised when S3 does not answer, or a bucket does not exist."""

    code = "STORAGE_UNAVAILABLE"


class QueueUnavailable(ServiceUnavailable):
    """Raised when SQS does not answer, or a queue does not exist."""

    code = "QUEUE_UNAVAILABLE"


class RecognitionFailed(FaceServiceError):
    """Raised when the child process gave no answer."""

    code = "RECOGNITION_FAILED"


class RecognitionTimedOut(RecognitionFailed):
    """Raised when the child process went over its deadline and was killed."""

    code = "RECOGNITION_TIMED_OUT"


class RecognizerDied(RecognitionFailed):
    """Raised when the child process ended without an answer (crash, out of memory)."""

    code = "RECOGNIZER_DIED"


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
