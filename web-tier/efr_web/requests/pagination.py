"""Cursors of paged lists: where the next page begins, in an opaque form."""

import base64
import binascii
from collections.abc import Callable

from core.errors import InvalidRequest


def encode_cursor(last_id: str) -> str:
    """Return the ``next_token`` of the page that follows an id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode()


def decode_cursor(next_token: str, is_id: Callable[[str], bool]) -> str:
    """Return the id that a page follows; empty for the first page.

    Raises
    ------
    InvalidRequest
        If no such list issues this token.
    """
    if not next_token:
        return ""
    try:
        decoded = base64.b64decode(next_token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidRequest("next_token: it is not one of this list") from error
    if not is_id(decoded):
        raise InvalidRequest("next_token: it is not one of this list")
    return decoded
