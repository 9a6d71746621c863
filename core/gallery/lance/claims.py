"""Which claims on a journal this process has, and which are abandoned."""

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from core.gallery.lance.journal import Claim, Entries

_ABANDONED_AFTER_S: Final = 20.0
"""Far longer than a fold takes. Who folds for longer does nothing worse than to begin again."""


class Claims:
    """The claims that one folder has seen; what is said of them is as far as is known."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unfinished: set[str] = set()
        self._broken_off: set[str] = set()
        self._waiting_for = ("", 0.0)

    def begin(self, claim: Claim) -> None:
        """Note a claim of this process whose faces are to be moved."""
        self._unfinished.add(claim.token)

    def is_begun(self, claim: Claim) -> bool:
        """Tell whether nobody has taken a claim up that was begun here."""
        return claim.token in self._unfinished

    def take_up(self, claim: Claim) -> None:
        """Note that the faces of a claim are being moved."""
        self._unfinished.discard(claim.token)

    def break_off(self, claim: Claim) -> None:
        """Note that a claim belongs to nobody from now on."""
        self._broken_off.add(claim.token)

    def is_abandoned(self, claim: Claim) -> bool:
        """Tell whether a claim belongs to nobody who is at work."""
        if claim.token in self._broken_off:
            return True
        if self._waiting_for[0] != claim.token:
            self._waiting_for = (claim.token, self._clock())
        return self._clock() - self._waiting_for[1] >= _ABANDONED_AFTER_S


def with_claim(entries: Entries, *, brings_more: bool) -> Entries:
    """Return entries with a new claim."""
    claim = Claim(
        token=uuid.uuid4().hex, table_version=entries.table_version, brings_more=brings_more
    )
    return replace(entries, claim=claim)
