"""Recognisers that obey the photo, for tests of the processes around them."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidImage, ModelMissing
from core.faces.results import EVERY_FACE, Needed, Recognition
from core.testing.recognizer import as_needed
from tests.support.faces import face, recognition


class ObedientRecognizer:
    """Does what the bytes of the photo say."""

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
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
        return as_needed(recognition(face(float(os.getpid() % 100))), needed)


class UnloadableRecognizer:
    """Can't be loaded: its models are missing."""

    def __init__(self) -> None:
        raise ModelMissing("the model file does not exist")

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        raise AssertionError(photo)


class SharingRecognizer:
    """Says with its error which place of which file the array that it was given is."""

    def __init__(self, array: NDArray[np.uint8]) -> None:
        self._array = array

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        address = self._array.ctypes.data
        for line in Path("/proc/self/maps").read_text().splitlines():
            place, access, offset, _, _, *file = line.split()
            first, last = (int(end, 16) for end in place.split("-"))
            if first <= address < last:
                position = int(offset, 16) + address - first
                raise InvalidImage(f"{access} {' '.join(file)} {position}")
        raise InvalidImage("the array lies nowhere")
