"""Recognisers that obey the photo, for tests of the processes around them."""

import os
import signal
import time

from core.errors import InvalidImage, ModelMissing
from core.faces.results import Recognition
from tests.support.faces import face, recognition


class ObedientRecognizer:
    """Does what the bytes of the photo say."""

    def recognise(self, photo: bytes) -> Recognition:
        match photo:
            case b"hang":
                time.sleep(1000)
            case b"die":
                os.kill(os.getpid(), signal.SIGKILL)
            case b"damaged":
                raise InvalidImage("the image data is damaged")
            case b"runtime":
                raise RuntimeError("dlib does not like it")
            case b"surprise":
                raise ZeroDivisionError("a bug")
        return recognition(face(float(os.getpid() % 100)))


class UnloadableRecognizer:
    """Can't be loaded: its models are missing."""

    def __init__(self) -> None:
        raise ModelMissing("the model file does not exist")

    def recognise(self, photo: bytes) -> Recognition:
        raise AssertionError(photo)
