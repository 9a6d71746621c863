"""What a request or a job asks for and can never get, now or later, as it is."""

from core.errors.base import FaceServiceError


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


class WebhookUrlRefused(BadRequest):
    """Raised when events may not be sent to an address; says why."""

    code = "WEBHOOK_URL_REFUSED"


class CallbackNotAllowed(BadRequest):
    """Raised when the host of a ``callback_url`` is not that of a webhook of the tenant."""

    code = "CALLBACK_NOT_ALLOWED"


class NoFaceFound(BadRequest):
    """Raised when a comparison needs a face and a photo shows none."""

    code = "NO_FACE"


class IdempotencyConflict(BadRequest):
    """Raised when an Idempotency-Key comes again with another photo."""

    code = "IDEMPOTENCY_CONFLICT"


class NotFound(FaceServiceError):
    """Raised when a request names something that does not exist."""

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


class KeyNotFound(NotFound):
    """Raised when there is no API key of an id, or it was revoked."""

    code = "KEY_NOT_FOUND"


class ReceiptNotFound(NotFound):
    """Raised when there is no receipt of an erasure under an id."""

    code = "RECEIPT_NOT_FOUND"


class FaceNotFound(NotFound):
    """Raised when no face is enrolled under an id."""

    code = "FACE_NOT_FOUND"


class ImageNotFound(NotFound):
    """Raised when no face of a photo is enrolled."""

    code = "IMAGE_NOT_FOUND"


class CropNotKept(NotFound):
    """Raised when no picture of an enrolled face is kept."""

    code = "CROP_NOT_KEPT"


class PersonNotFound(NotFound):
    """Raised when no one of that name is enrolled."""

    code = "PERSON_NOT_FOUND"


class WebhookNotFound(NotFound):
    """Raised when there is no webhook of an id."""

    code = "WEBHOOK_NOT_FOUND"


class EventNotFound(NotFound):
    """Raised when no failed delivery of an event is kept."""

    code = "EVENT_NOT_FOUND"


class Conflict(FaceServiceError):
    """Raised when a request contradicts what is stored."""

    code = "CONFLICT"


class CollectionExists(Conflict):
    """Raised when a collection of that id is already there."""

    code = "COLLECTION_EXISTS"


class NoDirectUploads(Conflict):
    """Raised when callers can't send photos to the storage themselves, since it is a folder."""

    code = "NO_DIRECT_UPLOADS"


class TooManyWebhooks(Conflict):
    """Raised when a tenant has as many webhooks as it may have."""

    code = "TOO_MANY_WEBHOOKS"


class GroupChanged(Conflict):
    """Raised when there is no group of an id now: it was named, ignored, or joined to another."""

    code = "GROUP_CHANGED"


class PersonRejected(Conflict):
    """Raised when a face would be given to a person whom users rejected for it."""

    code = "PERSON_REJECTED"


class NotTheirFace(Conflict):
    """Raised when a face would show a person whose it is not."""

    code = "NOT_THEIR_FACE"


class ObjectMissing(FaceServiceError):
    """Raised when no object is stored under a key."""

    code = "INPUT_MISSING"


class Erased(FaceServiceError):
    """Raised when the person, face or collection of a job was erased after it was accepted."""

    code = "ERASED"

    def __init__(self) -> None:
        super().__init__("what it holds was erased after it was accepted")
