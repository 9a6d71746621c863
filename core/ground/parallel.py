"""Several threads that no process waits for when it ends."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def for_each(action: Callable[[_T], None], items: Sequence[_T], *, threads: int) -> None:
    """Run an action for each item, several at a time, in order; return when all are done.

    The threads are daemons, unlike those of ``ThreadPoolExecutor``, so that a process
    which is told to stop need not do the rest first. The action must not raise.
    """
    places = iter(range(len(items)))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                place = next(places, None)
            if place is None:
                return
            action(items[place])

    workers = [
        threading.Thread(target=work, name="for-each", daemon=True)
        for _ in range(min(threads, len(items)))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
