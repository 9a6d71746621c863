"""Clients that upload photos and follow each one to its answer."""

import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import urllib3
from tqdm import tqdm

from harness.photo_set import Photo

_RETRY_PAUSE_S: Final = 1.0
"""Where the answer names none, or there was none."""
_MOST_THREADS: Final = 512
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=90)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one upload; times in seconds, ``due_s`` since the run began.

    ``seconds`` run from when the upload was due to when its result was there.
    ``status`` is ``done``, ``failed``, ``refused`` (an error that no repetition
    fixes) or ``unanswered`` (there was no result in time).
    """

    photo: str
    expected: str
    due_s: float
    seconds: float = 0.0
    job_id: str | None = None
    status: str = "unanswered"
    result: str | None = None
    error: str | None = None
    result_gets: int = 0
    requests: int = 0

    @property
    def is_right(self) -> bool:
        return self.result == self.expected

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"seconds": round(self.seconds, 4), "due_s": round(self.due_s, 4)}


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """How uploads come: from some clients, at a rate per second, or all at once (neither)."""

    clients: int | None = None
    rate: float | None = None

    def threads(self, count: int) -> int:
        return min(self.clients or count, count, _MOST_THREADS)

    def due_s(self, number: int) -> float:
        return number / self.rate if self.rate else 0.0

    def __str__(self) -> str:
        if self.clients:
            return f"{self.clients} clients, each one photo at a time"
        return f"{self.rate:g} photos a second" if self.rate else "all at the same moment"


class Uploader:
    """A client of the web tier that asks again when it was told to (``Retry-After``).

    Parameters
    ----------
    address : str
    collection_id : str
        Where people are looked for.
    patience_s : float
        Longest time from an upload to its result.
    insists : bool
        Uploads again, with the same Idempotency-Key, after an error that may pass.
    """

    def __init__(
        self, address: str, *, collection_id: str, patience_s: float = 120, insists: bool = False
    ) -> None:
        self._address = address
        self._collection_id = collection_id
        self._patience_s = patience_s
        self._insists = insists
        self._http = urllib3.PoolManager(maxsize=_MOST_THREADS, retries=False, timeout=_TIMEOUT)

    def close(self) -> None:
        """Close its connections."""
        self._http.clear()

    def ask(self, photo: Photo, *, due_s: float, began_s: float) -> Answer:
        """Upload a photo and wait for its result."""
        answer = Answer(photo=photo.path.name, expected=photo.expected, due_s=due_s)
        headers = {"Idempotency-Key": uuid.uuid4().hex} if self._insists else {}
        deadline_s = began_s + due_s + self._patience_s
        while time.monotonic() < deadline_s:
            answer, pause_s = self._step(answer, photo, headers)
            if pause_s is None:
                break
            time.sleep(pause_s)
        return replace(answer, seconds=time.monotonic() - began_s - due_s)

    def _step(
        self, answer: Answer, photo: Photo, headers: dict[str, str]
    ) -> tuple[Answer, float | None]:
        """Make one request; return what is known then, and the pause before the next, if any."""
        answer = replace(answer, requests=answer.requests + 1)
        try:
            if answer.job_id is None:
                response = self._upload(photo, headers)
            else:
                response = self._http.request("GET", f"{self._address}/status/{answer.job_id}")
        except urllib3.exceptions.HTTPError as error:
            if not self._insists:
                return replace(answer, status="refused", error=type(error).__name__), None
            return answer, _RETRY_PAUSE_S
        return self._understood(answer, response)

    def _upload(self, photo: Photo, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        fields: dict[str, str | tuple[str, bytes, str]] = {
            "inputFile": (photo.path.name, photo.content, "application/octet-stream"),
            "collection_id": self._collection_id,
        }
        return self._http.request("POST", f"{self._address}/", fields=fields, headers=headers)

    def _understood(
        self, answer: Answer, response: urllib3.BaseHTTPResponse
    ) -> tuple[Answer, float | None]:
        pause_s = float(response.headers.get("Retry-After", _RETRY_PAUSE_S))
        if response.status not in (200, 202):
            code = _code(response)
            if self._insists and response.status in (429, 500, 502, 503, 504):
                return replace(answer, error=code), pause_s
            return replace(answer, status="refused", error=code), None
        body: dict[str, Any] = response.json()
        gets = int(response.headers.get("Result-Polls", "1"))
        answer = replace(answer, job_id=body["job_id"], result_gets=answer.result_gets + gets)
        if response.status == 202:
            return answer, pause_s
        failure = body.get("error") or {}
        return replace(
            answer, status=body["status"], result=body.get("result"), error=failure.get("code")
        ), None


def upload_all(
    uploader: Uploader, photos: Sequence[Photo], pattern: Pattern, *, title: str = "uploads"
) -> list[Answer]:
    """Upload photos in that pattern; return the answers in the order of the photos."""
    bar = tqdm(total=len(photos), desc=title, unit="photo", disable=None)
    together = threading.Barrier(pattern.threads(len(photos)))
    began: list[float] = []
    lock = threading.Lock()

    def get_ready() -> None:
        together.wait()
        with lock:
            began[:] = began or [time.monotonic()]

    def ask(number: int) -> Answer:
        due_s = pattern.due_s(number)
        if pattern.rate:
            time.sleep(max(0.0, began[0] + due_s - time.monotonic()))
        else:
            due_s = time.monotonic() - began[0] if pattern.clients else 0.0
        answer = uploader.ask(photos[number], due_s=due_s, began_s=began[0])
        bar.update()
        return answer

    with bar, ThreadPoolExecutor(together.parties, initializer=get_ready) as threads:
        answers = list(threads.map(ask, range(len(photos))))
    uploader.close()
    return answers


def _code(response: urllib3.BaseHTTPResponse) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status}"
