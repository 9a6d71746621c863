"""A receiver of webhooks, over HTTP, that answers as a test wants and notes what it got."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.services.http_service import HttpService


@dataclass(frozen=True, kw_only=True)
class Received:
    """One POST."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)


class Receiver(HttpService):
    """Answers the POSTs that it gets, which are numbered from 0, with the status for each.

    Parameters
    ----------
    status_of : callable
        Given the number of a POST, returns what it is answered.
    """

    def __init__(self, status_of: Callable[[int], int] = lambda _: 200) -> None:
        super().__init__()
        self._status_of = status_of
        self._lock = threading.Lock()
        self.received: list[Received] = []
        self.accepted: Counter[str] = Counter()
        """How often each event was answered with 2xx, by its id."""

    @property
    def ids(self) -> list[str]:
        return [each.event_id for each in self.received]

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        got = Received(path=path, headers=headers, body=body)
        with self._lock:
            number = len(self.received)
            self.received.append(got)
        status = self._status_of(number)
        if 200 <= status < 300:
            with self._lock:
                self.accepted[got.event_id] += 1
        return status, ""
