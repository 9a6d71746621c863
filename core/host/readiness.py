"""Whether requests may be sent to this web tier, told beside the metrics, for probes without a key.

It may have some once it has reached all that it needs, and as long as it answers. An outage that
comes later changes nothing: every other web tier has it too, and another start would not end it.
"""

import http.client
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_PATH: Final = "/ready"
_MARK: Final = "contact"
_READY: Final = ("200 OK", b"ready\n")
_UNREADY: Final = ("503 Service Unavailable", b"unready\n")
_PATIENCE_S: Final = 4.0
"""A little less than load balancers and kubelets are patient for."""


def note_contact(folder: Path) -> None:
    """Leave the mark that a web process has reached all that it needs.

    Parameters
    ----------
    folder : Path
        That of the numbers, which lives as long as the web tier.
    """
    (folder / _MARK).touch()


class Readiness:
    """Whether a web tier may have requests.

    Parameters
    ----------
    folder : Path
        Where its processes leave the mark. It may be removed once the mark was seen.
    address : str
        Where this machine reaches it, such as ``http://localhost:8000``.
    """

    def __init__(self, *, folder: Path, address: str) -> None:
        self._folder = folder
        self._address = address
        self._is_marked = False

    def is_given(self) -> bool:
        """Tell whether it has reached all that it needs, and answers now."""
        self._is_marked = self._is_marked or (self._folder / _MARK).exists()
        return self._is_marked and self._answers()

    def _answers(self) -> bool:
        """Ask it, past any proxy. One that stops no longer takes connections."""
        asked = urlsplit(self._address)
        web = http.client.HTTPConnection(asked.hostname or "", asked.port, timeout=_PATIENCE_S)
        try:
            web.request("GET", "/health")
            return web.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            web.close()

    def beside(self, others: "WSGIApplication") -> "WSGIApplication":
        """Return what answers ``/ready``, and leaves all other paths to others."""

        def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            if environ["PATH_INFO"] != _PATH:
                return others(environ, start)
            status, word = _READY if self.is_given() else _UNREADY
            start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(word)))])
            return [word]

        return answer
