"""HTTP to what AWS offers on the machine itself: no proxy, no redirects, short waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from core.errors import ServiceUnavailable

_MAX_ANSWER_BYTES: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status and text of an answer."""

    status: int
    text: str


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    timeout_s: float,
) -> Answer:
    """Send one request and return the answer, whatever its status.

    Raises
    ------
    ServiceUnavailable
        If no answer comes in time, or none in HTTP.
    """
    parts = urlsplit(url)
    # http.client, unlike urllib, asks no proxy that the environment may name.
    connection = HTTPConnection(parts.netloc, timeout=timeout_s)
    try:
        connection.request(method, parts.path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        text = response.read(_MAX_ANSWER_BYTES).decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise ServiceUnavailable(f"{method} {url}: {error!r}") from error
    finally:
        connection.close()
    return Answer(status=response.status, text=text)
