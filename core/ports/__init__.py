"""What the use cases need from the outside world."""

from core.ports.face_index import (
    EnrolledFace,
    FaceIndex,
    FoundPeople,
    FoundPerson,
    Match,
    without_rejected,
)
from core.ports.queues import JobQueue, ReceivedMessage
from core.ports.recognizer import Recognizer
from core.ports.stores import (
    Bucket,
    ObjectNotes,
    ObjectStore,
    StoredObject,
    UploadForm,
    check_size,
    checked_path,
    is_path,
)

__all__ = [
    "Bucket",
    "EnrolledFace",
    "FaceIndex",
    "FoundPeople",
    "FoundPerson",
    "JobQueue",
    "Match",
    "ObjectNotes",
    "ObjectStore",
    "ReceivedMessage",
    "Recognizer",
    "StoredObject",
    "UploadForm",
    "check_size",
    "checked_path",
    "is_path",
    "without_rejected",
]
