"""Requests to a server, whose errors are raised as this process would raise them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, Timeout

from core import __version__
from core.errors import FaceServiceError
from efr_cli.errors import Refused

_TIMEOUT: Final = Timeout(connect=10, read=300)
"""Seconds. An erasure among many collections takes long."""
_BUSY: Final = 429
_AWAY: Final = 503
_TRIES: Final = 6
_NO_SUCCESS: Final = 300


class _Again(Retry):
    """Sends again only what it is told to, whatever else has a ``Retry-After``."""

    RETRY_AFTER_STATUS_CODES = frozenset()


class Http:
    """Asks one server, with a key if there is one.

    A request that the server has refused for now is sent again, after the time that it tells.

    Parameters
    ----------
    server : str
        Its URL, with the path of the service if that is not the root.
    key : str
        An API key; empty for a server without keys.
    """

    def __init__(self, server: str, key: str) -> None:
        self._server = server.rstrip("/")
        headers = {"User-Agent": f"efr/{__version__}"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._pool = urllib3.PoolManager(headers=headers, timeout=_TIMEOUT)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Return the answer to a request.

        Raises
        ------
        FaceServiceError
            As the server says.
        Refused
            If there is no such server, or it is another one.
        """
        # What changes something may have done so before a 503.
        again = {_BUSY, _AWAY} if method == "GET" else {_BUSY}
        return self._sent(method, path, again, fields=query, json=json)

    def send_photo(
        self, path: str, photo: bytes, form: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """Return the answer to a photo that is only looked at; raises what `ask` raises."""
        fields = {**form, "image": ("photo", photo, "application/octet-stream")}
        return self._sent("POST", path, {_BUSY, _AWAY}, fields=fields)

    def _sent(
        self, method: str, path: str, again: set[int], **more: Any
    ) -> urllib3.BaseHTTPResponse:
        retries = _Again(
            connect=0,
            read=0,
            redirect=False,
            status=_TRIES,
            total=_TRIES,
            status_forcelist=again,
            allowed_methods=None,
            raise_on_status=False,
        )
        given = {name: value for name, value in more.items() if value is not None}
        try:
            answer = self._pool.request(
                method, f"{self._server}{path}", redirect=False, retries=retries, **given
            )
        except HTTPError as error:
            raise Refused("SERVER_UNREACHABLE", f"{self._server}: {_why(error)}") from error
        if answer.status >= _NO_SUCCESS:
            raise _error_of(answer, self._server)
        return answer


def _why(error: HTTPError) -> str:
    """Say why a request failed, without its path: that may have a person's name."""
    reason = getattr(error, "reason", None) or error
    cause = reason.__cause__ or reason
    return f"{type(reason).__name__}: {getattr(cause, 'strerror', None) or type(cause).__name__}"


def _error_of(answer: urllib3.BaseHTTPResponse, server: str) -> FaceServiceError | Refused:
    try:
        said = answer.json()
        code, message = said["code"], said["error"]
    except (ValueError, TypeError, KeyError):
        return Refused("SERVER_UNKNOWN", f"{server} answers {answer.status}, and not as efr's API")
    kind = next((each for each in _kinds() if each.code == code), None)
    return Refused(code, message) if kind is None else kind(message)


def _kinds(kind: type[FaceServiceError] = FaceServiceError) -> Iterator[type[FaceServiceError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)
