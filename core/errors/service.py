"""What the service itself lacks, most of which passes by itself."""

from core.errors.base import FaceServiceError


class InvalidSettings(FaceServiceError):
    """Raised when a variable of the environment can't be used; names the variable."""

    code = "INVALID_SETTINGS"


class HomeUnusable(InvalidSettings):
    """Raised when the folder or the file of a home on this machine can't be used."""

    code = "HOME_UNUSABLE"


class DataTooNew(InvalidSettings):
    """Raised when a newer version stored the data, in a way that this one can't read."""

    code = "DATA_TOO_NEW"


class StoreUnfit(InvalidSettings):
    """Raised when what takes the place of S3 lacks what the service needs of it."""

    code = "STORE_UNFIT"


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


class ReadOnly(StorageUnavailable):
    """Raised when something would be changed while all is moved to another deployment."""

    code = "READ_ONLY"


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
    """Raised when an answer names someone who was erased before it was stored."""

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
