"""When a delivery is tried again.

References
----------
.. [1] Standard Webhooks, specification, section "Delivery attempts and retries".
"""

from collections.abc import Sequence
from typing import Final

LONGEST_HOP_S: Final = 900.0
"""The longest delay of SQS. A message whose pause is longer is received and sent again."""
_JITTER: Final = 0.2
MAX_ASKED_S: Final = 36_000.0
"""The longest that a receiver is left alone because it asked for it."""
_NO_ROOM_S: Final = 2.0
_MAX_NO_ROOM_S: Final = 300.0
_MAX_WATCH_S: Final = 60.0
_WATCH_SHARE: Final = 0.25


def pause_s(
    pauses_s: Sequence[float], attempts: int, *, asked_s: float, jitter: float
) -> float | None:
    """Return the pause after that many failed attempts, None if there is no further one.

    Parameters
    ----------
    pauses_s : sequence of float
        Those before the second attempt, the third, and so on.
    asked_s : float
        For how long the receiver wants to be left alone.
    jitter : float
        From 0 to 1: the pause is up to a fifth longer.
    """
    if attempts > len(pauses_s):
        return None
    own_s = pauses_s[attempts - 1] * (1 + _JITTER * jitter)
    return max(own_s, asked_s)


def no_room_s(deferred: int, *, jitter: float) -> float:
    """Return for how long a delivery waits whose endpoint has enough of them under way."""
    full_s = min(_MAX_NO_ROOM_S, _NO_ROOM_S * 2.0 ** min(deferred, 10))
    return full_s * (0.5 + 0.5 * jitter)


def watch_s(age_s: float) -> float:
    """Return when to look at a batch of that age again."""
    return min(_MAX_WATCH_S, max(1.0, _WATCH_SHARE * age_s))
