"""Every way in which this service fails.

::

    FaceServiceError
    ├── InvalidSettings
    │   ├── DataTooNew
    │   ├── HomeUnusable
    │   └── StoreUnfit
    ├── BadRequest                  the caller's mistake, outside the photo
    │   ├── MissingFile
    │   ├── MissingFilename
    │   ├── RequestTimedOut
    │   ├── FormTooLarge
    │   ├── InvalidIdempotencyKey
    │   ├── InvalidCollectionId
    │   ├── InvalidRequest
    │   ├── BucketNotAllowed
    │   ├── WebhookUrlRefused
    │   ├── CallbackNotAllowed
    │   ├── NoFaceFound
    │   └── IdempotencyConflict
    ├── KeyRefused                  no key that is valid
    │   ├── KeyMissing
    │   └── KeyInvalid
    ├── RateLimited                 more than a caller's limit allows, for now
    ├── TooManyJobs                 passes when some of them have ended
    ├── Forbidden                   understood, and not allowed
    │   ├── ScopeMissing
    │   ├── CollectionNotAllowed
    │   ├── ForeignOrigin
    │   ├── HostNotTrusted
    │   └── QuotaExceeded
    ├── InvalidPhoto                this photo can never be recognised
    │   ├── NoFaceInBox
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
    │   ├── KeyNotFound
    │   ├── ReceiptNotFound
    │   ├── WebhookNotFound
    │   ├── EventNotFound
    │   ├── FaceNotFound
    │   ├── CropNotKept
    │   ├── ImageNotFound
    │   └── PersonNotFound
    ├── Conflict
    │   ├── CollectionExists
    │   ├── GroupChanged
    │   ├── TooManyWebhooks
    │   ├── NoDirectUploads
    │   ├── PersonRejected
    │   └── NotTheirFace
    ├── TooBusy                     passes by itself, like the next ones
    ├── MalformedMessage
    ├── ObjectMissing
    ├── Erased                      what a job holds was erased after it was accepted
    ├── ServiceUnavailable          passes by itself: try again later
    │   ├── StorageUnavailable
    │   │   ├── BucketMissing
    │   │   ├── ReadOnly            all is moved to another deployment
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

from core.errors.access import (
    CollectionNotAllowed,
    Forbidden,
    ForeignOrigin,
    HostNotTrusted,
    KeyInvalid,
    KeyMissing,
    KeyRefused,
    QuotaExceeded,
    RateLimited,
    ScopeMissing,
    TooManyJobs,
)
from core.errors.base import (
    FaceServiceError,
)
from core.errors.photos import (
    AnimatedImage,
    EmptyFile,
    FileTooLarge,
    InvalidImage,
    InvalidPhoto,
    NoFaceInBox,
    TooManyPixels,
    TruncatedImage,
    UnsupportedImage,
)
from core.errors.requests import (
    BadRequest,
    BatchNotFound,
    BucketNotAllowed,
    BucketNotFound,
    CallbackNotAllowed,
    CollectionExists,
    CollectionNotFound,
    Conflict,
    CropNotKept,
    Erased,
    EventNotFound,
    FaceNotFound,
    FormTooLarge,
    GroupChanged,
    IdempotencyConflict,
    ImageNotFound,
    InvalidCollectionId,
    InvalidIdempotencyKey,
    InvalidRequest,
    JobNotFound,
    KeyNotFound,
    MissingFile,
    MissingFilename,
    NoDirectUploads,
    NoFaceFound,
    NotFound,
    NotTheirFace,
    ObjectMissing,
    PersonNotFound,
    PersonRejected,
    ReceiptNotFound,
    RequestTimedOut,
    TooManyWebhooks,
    WebhookNotFound,
    WebhookUrlRefused,
)
from core.errors.service import (
    BucketMissing,
    DataTooNew,
    ErasedMeanwhile,
    HomeUnusable,
    IndexUnavailable,
    InvalidSettings,
    MalformedMessage,
    ModelCorrupt,
    ModelError,
    ModelMismatch,
    ModelMissing,
    QueueUnavailable,
    ReadOnly,
    RecognitionFailed,
    RecognitionTimedOut,
    RecognizerDied,
    ServiceUnavailable,
    SourceUnavailable,
    StorageUnavailable,
    StoreUnfit,
    TooBusy,
)

__all__ = [
    "AnimatedImage",
    "BadRequest",
    "BatchNotFound",
    "BucketMissing",
    "BucketNotAllowed",
    "BucketNotFound",
    "CallbackNotAllowed",
    "CollectionExists",
    "CollectionNotAllowed",
    "CollectionNotFound",
    "Conflict",
    "CropNotKept",
    "DataTooNew",
    "EmptyFile",
    "Erased",
    "ErasedMeanwhile",
    "EventNotFound",
    "FaceNotFound",
    "FaceServiceError",
    "FileTooLarge",
    "Forbidden",
    "ForeignOrigin",
    "FormTooLarge",
    "GroupChanged",
    "HomeUnusable",
    "HostNotTrusted",
    "IdempotencyConflict",
    "ImageNotFound",
    "IndexUnavailable",
    "InvalidCollectionId",
    "InvalidIdempotencyKey",
    "InvalidImage",
    "InvalidPhoto",
    "InvalidRequest",
    "InvalidSettings",
    "JobNotFound",
    "KeyInvalid",
    "KeyMissing",
    "KeyNotFound",
    "KeyRefused",
    "MalformedMessage",
    "MissingFile",
    "MissingFilename",
    "ModelCorrupt",
    "ModelError",
    "ModelMismatch",
    "ModelMissing",
    "NoDirectUploads",
    "NoFaceFound",
    "NoFaceInBox",
    "NotFound",
    "NotTheirFace",
    "ObjectMissing",
    "PersonNotFound",
    "PersonRejected",
    "QueueUnavailable",
    "QuotaExceeded",
    "RateLimited",
    "ReadOnly",
    "ReceiptNotFound",
    "RecognitionFailed",
    "RecognitionTimedOut",
    "RecognizerDied",
    "RequestTimedOut",
    "ScopeMissing",
    "ServiceUnavailable",
    "SourceUnavailable",
    "StorageUnavailable",
    "StoreUnfit",
    "TooBusy",
    "TooManyJobs",
    "TooManyPixels",
    "TooManyWebhooks",
    "TruncatedImage",
    "UnsupportedImage",
    "WebhookNotFound",
    "WebhookUrlRefused",
]
