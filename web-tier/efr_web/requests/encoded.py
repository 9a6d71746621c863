"""Photos in base64, in the ways in which clients write it."""

import base64
import re
from typing import Final

from core.errors import InvalidRequest

MOST_PER_BYTE: Final = 1.5
"""Bytes of JSON for one of a photo: base64 in lines that end with CR LF, all of it escaped."""

_DATA_URI: Final = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_SPACES: Final = b" \t\r\n"
_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
_MOST_PADDING: Final = 2


def decoded(name: str, text: str) -> bytes:
    """Return what the field of that name says in base64.

    It may be wrapped, unpadded, in the alphabet for URLs, and in a data URI. The
    time that it takes grows with the text's length and with nothing else.

    Raises
    ------
    InvalidRequest
        If it is not base64.
    """
    prefix = _DATA_URI.match(text)
    try:
        return _plain(text[prefix.end() if prefix else 0 :].encode("ascii"))
    except ValueError as error:
        raise InvalidRequest(f"{name}: it is not base64") from error


def _plain(text: bytes) -> bytes:
    digits = text.translate(_PLAIN, _SPACES)
    whole = digits.rstrip(b"=")
    if len(digits) - len(whole) > _MOST_PADDING:
        raise ValueError("there is more padding than any base64 has")
    return base64.b64decode(whole + b"=" * (-len(whole) % 4), validate=True)
