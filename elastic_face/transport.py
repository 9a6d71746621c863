"""Requests to one server: sent again where that changes nothing twice."""

import random
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError
from urllib3.util import Timeout

from core import __version__
from elastic_face.errors import ServerUnknown, ServerUnreachable, ServiceError, family_of

_CONNECT_S: Final = 10
_CONNECTIONS: Final = 16
"""Kept open, one for each thread that asks at once."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_MOST_PATIENCE_S: Final = 120.0
"""Who is told to wait for longer gets the error at once."""
_BUSY: Final = 429
_AWAY: Final = 503
_NO_SUCCESS: Final = 300

Answer = urllib3.BaseHTTPResponse


class Transport:
    """Asks one server, with a key if there is one; threads may share it.

    Parameters
    ----------
    server : str
        Its URL, with the path of the service if that is not the root.
    key : str
        An API key; empty for a server without keys.
    timeout_s : float
        Seconds in which an answer must come. An erasure among many collections takes long.
    tries : int
        How often a request is sent again that the server refused for now.
    reconnects : int
        How often one is sent again that found no server, or lost it.
    """

    def __init__(
        self,
        server: str,
        key: str = "",
        *,
        timeout_s: float = 300,
        tries: int = 5,
        reconnects: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server.rstrip("/")
        self.sleep = sleep
        self._tries = tries
        self._reconnects = reconnects
        self._headers = {"User-Agent": f"efr/{__version__}"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        # urllib3's own retries are off: it logs their URLs as warnings, which name people.
        self._pool = urllib3.PoolManager(
            timeout=Timeout(connect=_CONNECT_S, read=timeout_s), retries=False, maxsize=_CONNECTIONS
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """Return the answer to a request.

        Parameters
        ----------
        form : mapping
            Fields of ``multipart/form-data``: text, or as urllib3 takes files.
        repeatable : bool, optional
            Whether the same request may be done twice; by default if it is a GET.

        Raises
        ------
        ServiceError
            As the server says.
        ServerUnreachable
            If nothing answers, or an answer was lost and the request is not repeatable.
        ServerUnknown
            If something else answers.
        """
        given = {"fields": form if query is None else query, "json": json}
        sent = {name: value for name, value in given.items() if value is not None}
        is_repeatable = method == "GET" if repeatable is None else repeatable
        for number in count(1):
            try:
                return self._once(method, path, {**self._headers, **(headers or {})}, **sent)
            except ServiceError as error:
                pause_s = self._pause_after(error, number, is_repeatable=is_repeatable)
                if pause_s is None:
                    raise
            self.sleep(pause_s)
        raise AssertionError  # count() never ends

    def close(self) -> None:
        """Close the connections that wait for further requests."""
        self._pool.clear()

    def _once(self, method: str, path: str, headers: Mapping[str, str], **sent: Any) -> Answer:
        url = f"{self.server}{path}"
        try:
            answer = self._pool.request(method, url, headers=headers, redirect=False, **sent)
        except SSLError as error:
            raise ServerUnknown(self._why(error), code="SERVER_UNKNOWN") from None
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise _NotSent(self._why(error), code="SERVER_UNREACHABLE") from None
        except HTTPError as error:
            raise ServerUnreachable(self._why(error), code="SERVER_UNREACHABLE") from None
        if answer.status >= _NO_SUCCESS:
            raise _error_of(answer, self.server)
        return answer

    def _pause_after(
        self, error: ServiceError, number: int, *, is_repeatable: bool
    ) -> float | None:
        """Return the seconds until a request may be sent again; None if it may not be."""
        is_lost = isinstance(error, ServerUnreachable)
        if number > (self._reconnects if is_lost else self._tries):
            return None
        # What changes something may have done so before a 503, or a lost answer.
        did_nothing = isinstance(error, _NotSent) or error.status == _BUSY
        may_pass = is_lost or error.status in (_BUSY, _AWAY)
        if not (did_nothing or (is_repeatable and may_pass)):
            return None
        pause_s = _pause_s(number) if error.retry_after_s is None else error.retry_after_s
        return pause_s if pause_s <= _MOST_PATIENCE_S else None

    def _why(self, error: HTTPError) -> str:
        """Say why a request failed, without its path: that may have a person's name."""
        cause = error.__cause__ or error
        said = getattr(cause, "strerror", None) or type(cause).__name__
        return f"{self.server}: {type(error).__name__}: {said}"


class _NotSent(ServerUnreachable):
    """Raised when a request did not reach a server."""


def retry_after_s(answer: Answer) -> float | None:
    """Return after how many seconds the server wants to be asked again."""
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else None


def _pause_s(number: int) -> float:
    """Return the seconds before the next try: about twice those before the last one."""
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (number - 1))
    return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads callers, and is no secret


def _error_of(answer: Answer, server: str) -> ServiceError:
    try:
        said = answer.json()
        code, message = str(said["code"]), str(said["error"])
    except (ValueError, TypeError, KeyError):
        return ServerUnknown(
            f"{server} answers {answer.status}, and not as efr's API",
            code="SERVER_UNKNOWN",
            status=answer.status,
        )
    return family_of(code, answer.status)(
        message,
        code=code,
        status=answer.status,
        request_id=said.get("request_id"),
        retry_after_s=retry_after_s(answer),
    )
