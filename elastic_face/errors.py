"""What a client raises: a family of errors for each kind of answer.

::

    ServiceError                    code, status, request_id, job_id, retry_after_s
    ├── BadRequest                  the caller's mistake, outside the photo
    ├── InvalidPhoto                this photo can never be recognised
    ├── KeyRefused                  no key that is valid
    ├── Forbidden                   understood, and not allowed
    ├── NotFound                    the request names something that does not exist
    ├── Conflict                    contradicts what is stored
    ├── TooManyRequests             over a limit, or all are busy, for now
    ├── Unavailable                 a part of the service is away
    ├── RecognitionFailed           the job ended without an answer
    ├── NotFinished                 the job or batch goes on, and the caller's time is over
    ├── ServerUnreachable           nothing answers there
    └── ServerUnknown               something else answers there

``code`` is one of docs/errors.md, which an answer of the service names; the last three have
codes of their own: ``NOT_FINISHED``, ``SERVER_UNREACHABLE``, ``SERVER_UNKNOWN``.
"""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Final

from core import errors as core_errors
from core.errors import FaceServiceError


class ServiceError(Exception):
    """Base of every error that a client raises.

    Attributes
    ----------
    code : str
        As in docs/errors.md.
    message : str
        What the service says of it. It may name people.
    status : int or None
        Of the HTTP answer; None if there was none, or for a job that failed.
    request_id, job_id : str or None
        By which the service's log tells of it.
    retry_after_s : float or None
        Seconds after which the same request may succeed, where the service says so.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int | None = None,
        request_id: str | None = None,
        job_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.job_id = job_id
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class BadRequest(ServiceError):
    """Raised when a request can't be understood, or asks for what can't be."""


class InvalidPhoto(ServiceError):
    """Raised when a photo can't be used, now or later."""


class KeyRefused(ServiceError):
    """Raised when there is no API key, or not a valid one."""


class Forbidden(ServiceError):
    """Raised when the key may not do that."""


class NotFound(ServiceError):
    """Raised when a request names something that does not exist."""


class Conflict(ServiceError):
    """Raised when a request contradicts what is stored."""


class TooManyRequests(ServiceError):
    """Raised when a limit is reached, or the service is busy, after all tries."""


class Unavailable(ServiceError):
    """Raised when a part of the service is away."""


class RecognitionFailed(ServiceError):
    """Raised when a job ended without an answer."""


class NotFinished(ServiceError):
    """Raised when a job or a batch has not ended in the caller's time; it goes on."""


class ServerUnreachable(ServiceError):
    """Raised when nothing answers, or the answer was lost."""


class ServerUnknown(ServiceError):
    """Raised when an answer is not of this API."""


_FAMILIES: Final[dict[type[FaceServiceError], type[ServiceError]]] = {
    core_errors.BadRequest: BadRequest,
    core_errors.InvalidPhoto: InvalidPhoto,
    core_errors.KeyRefused: KeyRefused,
    core_errors.Forbidden: Forbidden,
    core_errors.NotFound: NotFound,
    core_errors.ObjectMissing: NotFound,
    core_errors.Conflict: Conflict,
    core_errors.RateLimited: TooManyRequests,
    core_errors.TooManyJobs: TooManyRequests,
    core_errors.TooBusy: TooManyRequests,
    core_errors.ServiceUnavailable: Unavailable,
    core_errors.RecognitionFailed: RecognitionFailed,
    core_errors.ErasedMeanwhile: RecognitionFailed,
}
_BY_STATUS: Final[dict[int, type[ServiceError]]] = {
    HTTPStatus.UNAUTHORIZED: KeyRefused,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
}
_SERVER_ERRORS: Final = 500


def family_of(code: str, status: int | None) -> type[ServiceError]:
    """Return the error of a code; by its status, if a later version of the service made it."""
    kind = kind_of(code)
    known = [_FAMILIES[each] for each in (kind.__mro__ if kind else ()) if each in _FAMILIES]
    if known:
        return known[0]
    if status is None:
        return RecognitionFailed
    other = ServiceError if status >= _SERVER_ERRORS else BadRequest
    return _BY_STATUS.get(status, other)


def kind_of(code: str) -> type[FaceServiceError] | None:
    """Return the service's own error of a code; None for a code of a later version."""
    return _kinds().get(code)


@cache
def _kinds() -> dict[str, type[FaceServiceError]]:
    """Return the errors of the service by code; of several, the one highest up."""
    kinds: dict[str, type[FaceServiceError]] = {}
    for kind in _all_kinds():
        kinds.setdefault(kind.code, kind)
    return kinds


def _all_kinds(kind: type[FaceServiceError] = FaceServiceError) -> Iterator[type[FaceServiceError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _all_kinds(each)
