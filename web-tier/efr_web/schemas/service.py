"""Answers about the service itself."""

from datetime import datetime
from typing import Literal, Self

from core.access.keys import ApiKey, Scope
from core.ground.records import Frozen
from core.scaling.backlog import QueueContent


class ErrorAnswer(Frozen):
    """Why a request failed; `retryable` says whether the same request may succeed later."""

    error: str
    code: str
    retryable: bool
    request_id: str


class Health(Frozen):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(Frozen):
    """The service can be used; `galleries` has the state of each gallery in memory."""

    status: Literal["ready"] = "ready"
    galleries: dict[str, str]
    limits: Literal["none", "process", "shared", "away"]


class QueueList(Frozen):
    """What each queue of the service holds, and when a worker last had a job."""

    queues: list[QueueContent]
    last_work_at: datetime | None


class KeyDescription(Frozen):
    """What a key may do; `collections` are patterns of the ids that it may know.

    Without keys everybody may do all, and the other fields are null.
    """

    key_id: str | None
    name: str | None
    scopes: list[Scope]
    collections: list[str]
    expires_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey | None) -> Self:
        """Return what the holder of a key sees of it: never its secret."""
        if key is None:
            return cls(key_id=None, name=None, scopes=["admin"], collections=["*"], expires_at=None)
        return cls.model_validate(key.model_dump(include=set(cls.model_fields)))
