"""A client that asks for other keys when S3 refuses those that it has."""

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from obstore.exceptions import BaseError

C = TypeVar("C")
T = TypeVar("T")

_REFUSED_KEYS: Final = tuple(
    f"<Code>{code}<"
    for code in ("ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "TokenRefreshRequired")
)
_APART_S: Final = 10.0
"""Keys that are still refused are looked for no more often."""


class RenewedClient(Generic[C]):
    """Runs actions on a client of obstore, which keeps keys for minutes after they were revoked.

    Parameters
    ----------
    make : callable
        Makes a client that knows no keys yet.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self, make: Callable[[], C], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make = make
        self._clock = clock
        self._client = make()
        self._renew_at_s = 0.0
        self._lock = threading.Lock()

    def run(self, action: Callable[[C], T]) -> T:
        """Run an action; once more, with other keys, if S3 refuses the keys."""
        client = self._client
        try:
            return action(client)
        except BaseError as error:
            if not any(code in str(error) for code in _REFUSED_KEYS) or not self._renew(client):
                raise
        return action(self._client)

    def _renew(self, refused: C) -> bool:
        """Tell whether there is another client than the refused one by now."""
        with self._lock:
            if self._client is refused and self._clock() >= self._renew_at_s:
                self._client = self._make()
                self._renew_at_s = self._clock() + _APART_S
            return self._client is not refused
