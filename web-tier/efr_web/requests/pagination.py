"""Tokens of paged lists: where the next page begins, in a form that says nothing."""

import base64
import binascii
from collections.abc import Callable

from core.errors import InvalidRequest


def token(last_id: str) -> str:
    """Return the token of the page behind an id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode()


def last_id(next_token: str, is_id: Callable[[str], bool]) -> str:
    """Return the id behind which a page begins; empty for the first page.

    Raises
    ------
    InvalidRequest
        If the token is not one that such a list issues.
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
