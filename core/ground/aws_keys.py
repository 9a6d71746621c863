"""Keys of AWS that are refused, and what is made again then because it would keep them."""

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

C = TypeVar("C")
T = TypeVar("T")

REFUSALS: Final = frozenset(
    {
        "AccessDenied",  # a role whose sessions were revoked
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""How S3 and SQS refuse keys that were revoked, have expired, or are not there any more."""
APART_S: Final = 10.0
"""Keys that are still refused are looked for no more often."""


def are_keys_refused(text: str) -> bool:
    """Tell whether an answer of S3, as Rust's clients quote it, refuses the keys."""
    return any(f"<Code>{code}<" in text for code in REFUSALS)


class Renewable(Generic[C]):
    """Holds a client that keeps its keys, and makes another if they are refused.

    Parameters
    ----------
    make : callable
        Makes a client that knows no keys yet.
    is_refusal : callable
        Tells whether an error says that the keys are refused.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        make: Callable[[], C],
        *,
        is_refusal: Callable[[Exception], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._is_refusal = is_refusal
        self._clock = clock
        self._current: C | None = None
        self._renew_at_s = clock()
        self._lock = threading.Lock()

    @property
    def current(self) -> C:
        """Return the client to use now; the first time it is made."""
        with self._lock:
            if self._current is None:
                self._current = self._make()
            return self._current

    def run(self, action: Callable[[C], T]) -> T:
        """Run an action; once more, on another client, if the keys are refused."""
        client = self.current
        try:
            return action(client)
        except Exception as error:
            if not self._is_refusal(error) or not self._renew(client):
                raise
        return action(self.current)

    def _renew(self, refused: C) -> bool:
        """Tell whether there is another client than the refused one by now."""
        with self._lock:
            if self._current is refused and self._clock() >= self._renew_at_s:
                self._renew_at_s = self._clock() + APART_S
                self._current = self._make()
            return self._current is not refused
