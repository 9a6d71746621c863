"""Clients that go on uploading, whatever they are answered."""

import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Self

import requests

_TIMEOUT_S: Final = 20
_EVERY_NTH_AGAIN: Final = 4


class Visitors:
    """Upload from ``with`` on: photos that differ, and now and then one of before.

    Parameters
    ----------
    address : str
    photos : sequence of bytes
        Whose copies are uploaded, each with an end of its own.
    every_s : float
        Time between two uploads of a client, as far as answers allow.
    collection_id : str
    clients : int
    rests : callable
        Whether nobody is to upload now.
    """

    def __init__(
        self,
        address: str,
        photos: Sequence[bytes],
        *,
        every_s: float,
        collection_id: str,
        clients: int = 1,
        rests: Callable[[], bool] = lambda: False,
    ) -> None:
        self._address = address
        self._photos = photos
        self._every_s = every_s
        self._form = {"collection_id": collection_id}
        self._rests = rests
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        self.answers: Counter[int] = Counter()
        """How often each status was the answer, 0 for none at all."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        last = b""
        for number, photo in enumerate(itertools.cycle(self._photos)):
            began_s = time.monotonic()
            again = number % _EVERY_NTH_AGAIN == _EVERY_NTH_AGAIN - 1
            last = last if again else photo + uuid.uuid4().bytes
            if not self._rests():
                self.answers[self._upload(last)] += 1
            if self._over.wait(max(0.0, began_s + self._every_s - time.monotonic())):
                return

    def _upload(self, photo: bytes) -> int:
        try:
            return requests.post(
                self._address,
                data=self._form,
                files={"inputFile": ("photo.jpg", photo)},
                headers={"Prefer": "respond-async"},
                timeout=_TIMEOUT_S,
            ).status_code
        except requests.RequestException:
            return 0
