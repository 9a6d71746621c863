"""What the use cases need from the outside world."""

from core.ports.face_index import (
    EnrolledFace,
    EnrolledPerson,
    FaceIndex,
    FoundPeople,
    FoundPerson,
    Match,
    PersonOrder,
    PersonPlace,
    UnnamedFace,
    nobody_at,
    without_rejected,
)
from core.ports.queues import DeadLetter, DeadLetters, JobQueue, ReceivedMessage
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
    "DeadLetter",
    "DeadLetters",
    "EnrolledFace",
    "EnrolledPerson",
    "FaceIndex",
    "FoundPeople",
    "FoundPerson",
    "JobQueue",
    "Match",
    "ObjectNotes",
    "ObjectStore",
    "PersonOrder",
    "PersonPlace",
    "ReceivedMessage",
    "Recognizer",
    "StoredObject",
    "UnnamedFace",
    "UploadForm",
    "check_size",
    "checked_path",
    "is_path",
    "nobody_at",
    "without_rejected",
]
