"""Sends an event to a receiver: one POST under a deadline, and nothing of the answer is trusted."""

import http.client
import logging
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from core.errors import WebhookUrlRefused
from core.jobs.webhooks.addresses import Guard

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 15.0
"""For everything: connecting, TLS, sending, and the first lines of the answer."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What became of a POST: an HTTP status, or else a word for why there is none.

    ``retry_after_s`` is how long the receiver wants to be left alone.
    """

    status: int | None = None
    reason: str = ""
    retry_after_s: float = 0

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def text(self) -> str:
        """What is shown of it."""
        return self.reason if self.status is None else f"HTTP_{self.status}"


class Post(Protocol):
    """Sends a body to a URL with headers; what goes wrong is in the reply."""

    def __call__(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply: ...


class Sender:
    """Sends by HTTP to addresses that a guard has checked; safe to use from several threads.

    Redirects are not followed, proxies are not asked, and the body of an answer is not read.

    Parameters
    ----------
    guard : Guard
    timeout_s : float
    now : callable
        Seconds since 1970, for a ``Retry-After`` that is a date.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._guard = guard
        self._timeout_s = timeout_s
        self._tls = tls or ssl.create_default_context()
        self._now = now

    def __call__(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        try:
            return self._post(url, headers, body)
        except WebhookUrlRefused:
            return Reply(reason="ADDRESS_REFUSED")
        except socket.gaierror:
            return Reply(reason="NOT_RESOLVED")
        except TimeoutError:
            return Reply(reason="TIMED_OUT")
        except ssl.SSLError:
            return Reply(reason="TLS_FAILED")
        except OSError:
            return Reply(reason="NOT_CONNECTED")
        except (http.client.HTTPException, ValueError):
            return Reply(reason="NO_HTTP")

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        places = self._guard.addresses(url)
        until_s = time.monotonic() + self._timeout_s
        with closing(_connected(places, until_s)) as raw, _cut_off(raw, until_s) as is_over:
            try:
                reply = self._exchange(raw, url, headers, body)
            except (OSError, http.client.HTTPException):
                if is_over():
                    raise TimeoutError from None
                raise
            if is_over():  # an answer that was cut off looks like a whole one
                raise TimeoutError
            return reply

    def _exchange(
        self, raw: socket.socket, url: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        opened = raw
        if parts.scheme == "https":
            opened = self._tls.wrap_socket(raw, server_hostname=parts.hostname)
        with opened:
            connection = http.client.HTTPConnection(parts.hostname or "")
            connection.sock = opened  # no look-up of its own
            connection.request("POST", target, body, {"Host": parts.netloc, **headers})
            with connection.getresponse() as answer:
                retry_after = answer.getheader("Retry-After")
                return Reply(status=answer.status, retry_after_s=self._pause(retry_after))

    def _pause(self, retry_after: str | None) -> float:
        if retry_after is None:
            return 0
        if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
            return float(retry_after)
        try:
            at = parsedate_to_datetime(retry_after)
        except ValueError:
            return 0
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, at.timestamp() - datetime.fromtimestamp(self._now(), UTC).timestamp())


def _connected(places: list[tuple[int, Any]], until_s: float) -> socket.socket:
    """Connect to the first address that answers."""
    failure = OSError("the name has no address")
    for family, place in places:
        raw = socket.socket(family, socket.SOCK_STREAM)
        raw.settimeout(max(0.01, until_s - time.monotonic()))
        try:
            raw.connect(place)
        except OSError as error:
            raw.close()
            failure = error
        else:
            return raw
    raise failure


@contextmanager
def _cut_off(raw: socket.socket, until_s: float) -> Iterator[Callable[[], bool]]:
    """End the connection at a monotonic time; yield what tells whether it was ended.

    A socket's own timeout is for each read, and a receiver may send a byte at a time.
    """
    over = threading.Event()
    twin = raw.dup()

    def end() -> None:
        over.set()
        try:
            twin.shutdown(socket.SHUT_RDWR)
        except OSError:
            log.debug("connection had ended")

    left_s = until_s - time.monotonic()
    timer = threading.Timer(max(0.0, left_s), end)
    timer.daemon = True
    raw.settimeout(math.ceil(max(0.0, left_s)) + 1)
    timer.start()
    try:
        yield over.is_set
    finally:
        timer.cancel()
        twin.close()
