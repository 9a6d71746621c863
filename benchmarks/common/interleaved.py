"""Times ways of doing the same thing alternately, so that a busy moment hits all of them."""

import statistics
import time
from collections.abc import Callable, Mapping


def medians_ms(
    ways: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return the median milliseconds of a call of each way, after one call that is not timed.

    Parameters
    ----------
    ways : mapping of str to callable
    rounds : int
        Rounds of all ways.
    calls : int
        Calls of a way per round.
    clock : callable
        ``time.process_time`` for the processor time of this process.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            began_s = clock()
            for _ in range(calls):
                way()
            taken[name].append((clock() - began_s) * 1000 / calls)
    return {name: statistics.median(each) for name, each in taken.items()}
