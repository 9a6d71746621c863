"""Why a request may not do what it asks for."""

from core.errors.base import FaceServiceError


class KeyRefused(FaceServiceError):
    """Raised when a request has no key, or one that is not valid."""

    code = "KEY_REFUSED"


class KeyMissing(KeyRefused):
    """Raised when a request that needs a key has none."""

    code = "KEY_MISSING"


class KeyInvalid(KeyRefused):
    """Raised when a key is unknown, revoked or expired; which of these is not told."""

    code = "KEY_INVALID"


class RateLimited(FaceServiceError):
    """Raised when a caller asks for more than a limit allows; ``wait_s`` says until when."""

    code = "RATE_LIMITED"
    retryable = True

    def __init__(self, text: str, *, wait_s: float) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class TooManyJobs(FaceServiceError):
    """Raised when as many jobs of a tenant are under way as may be."""

    code = "TOO_MANY_JOBS"
    retryable = True


class Forbidden(FaceServiceError):
    """Raised when a request is understood and not allowed."""

    code = "FORBIDDEN"


class ScopeMissing(Forbidden):
    """Raised when a key is valid and its scopes are not enough."""

    code = "SCOPE_MISSING"


class CollectionNotAllowed(Forbidden):
    """Raised when a key would make a collection that it could not see."""

    code = "COLLECTION_NOT_ALLOWED"


class ForeignOrigin(Forbidden):
    """Raised when a page of another origin sends a request that changes something."""

    code = "FOREIGN_ORIGIN"


class HostNotTrusted(Forbidden):
    """Raised when a request names a host that is not among ``TRUSTED_HOSTS``."""

    code = "HOST_NOT_TRUSTED"


class QuotaExceeded(Forbidden):
    """Raised when a tenant has as many faces or collections as it may have."""

    code = "QUOTA_EXCEEDED"
