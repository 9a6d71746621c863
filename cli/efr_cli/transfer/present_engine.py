"""Which model the present engine embeds faces with."""

import io
from typing import Final

from PIL import Image

from core.faces.results import Model
from core.ports import Recognizer

_SIDE_PX: Final = 160


def present_model(recognizer: Recognizer) -> Model:
    """Return the model of a recogniser's embeddings.

    Only the recogniser's children know it: an engine has it from its files. They are asked for the
    faces of a photo that shows nothing.
    """
    return recognizer.recognise(blank_photo()).model


def blank_photo() -> bytes:
    """Return a photo that shows nothing."""
    made = io.BytesIO()
    Image.new("RGB", (_SIDE_PX, _SIDE_PX)).save(made, "PNG")
    return made.getvalue()
