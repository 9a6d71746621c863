"""Why a photo can never be recognised."""

from core.errors.base import FaceServiceError


class InvalidPhoto(FaceServiceError):
    """Raised when a photo can't be recognised, now or later."""

    code = "INVALID_PHOTO"


class NoFaceInBox(InvalidPhoto):
    """Raised when no face of a photo lies in the box that a caller named."""

    code = "NO_FACE_IN_BOX"


class EmptyFile(InvalidPhoto):
    """Raised when the file has no bytes."""

    code = "EMPTY_FILE"


class FileTooLarge(InvalidPhoto):
    """Raised when the file is over ``MAX_FILE_MB``."""

    code = "FILE_TOO_LARGE"


class UnsupportedImage(InvalidPhoto):
    """Raised when the content is not JPEG, PNG, WebP, HEIC, AVIF or BMP."""

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
