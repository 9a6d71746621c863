"""What every error of this service is."""

from typing import ClassVar


class FaceServiceError(Exception):
    """Base of every error that this service raises on purpose."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    retryable: ClassVar[bool] = False
