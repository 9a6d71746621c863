"""Photos to faces."""

from typing import Protocol

from core.faces.results import EVERY_FACE, Needed, Recognition


class Recognizer(Protocol):
    """Turns photos into faces under a deadline."""

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        """Return the faces of a photo, and of those only what is needed.

        Raises
        ------
        InvalidPhoto
            If the photo can't be decoded.
        RecognitionFailed
            If there was no answer within the deadline, or the child died.
        """
        ...
