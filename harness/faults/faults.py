"""What goes wrong on purpose, whatever the service runs on."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from core.errors import ServiceUnavailable
from core.ground.ids import new_id
from core.ports import JobQueue
from harness.service_stack import ServiceStack

_SHOWN_LATER_S: Final = 3
_UNREADABLE: Final = ("no job {}", "{}:v2", '{{"version": 2, "job_id": "{}"}}')
_OTHER_ENGINE: Final = "fast"


class Faults:
    """Faults of a stack whose first worker is spared alone and whose second one often dies.

    Parameters
    ----------
    stack : ServiceStack
    slow_s : float
        How long the disk is full, or a worker of another engine there.
    seed : int
    only : sequence of str
        Names of the only ones that happen; all of them unless given.
    """

    def __init__(
        self, stack: ServiceStack, *, slow_s: float, seed: int, only: Sequence[str] = ()
    ) -> None:
        self._stack = stack
        self._only = only
        self._slow_s = slow_s
        self._random = random.Random(seed)  # noqa: S311 - no secret
        settings = stack.settings
        self._queues: list[JobQueue] = [
            stack.ports.queue(settings.sqs_req_queue_name),
            stack.ports.queue(settings.sqs_index_queue_name),
        ]
        self.done: Counter[str] = Counter()
        """How often each fault happened."""
        self.unreadable: list[str] = []
        """Bodies of messages that were sent and are no jobs."""

    def kinds(self) -> list[Callable[[], None]]:
        """Return the faults that are to happen, as far as this machine allows them."""
        possible = self._possible()
        return [each for each in possible if not self._only or each.__name__ in self._only]

    def _possible(self) -> list[Callable[[], None]]:
        return [
            self.kill_child,
            self.hang_child,
            self.kill_worker,
            self.terminate_worker,
            self.double_messages,
            self.reorder_messages,
            self.send_unreadable_messages,
            self.change_engine,
        ]

    def happen(self, kind: Callable[[], None]) -> None:
        """Let one fault happen, and wait until it is over."""
        kind()
        self.done[kind.__name__.replace("_", " ")] += 1

    def kill_child(self) -> None:
        self._signal_child(signal.SIGKILL)

    def hang_child(self) -> None:
        """Stop a child; it is over its deadline when the worker notices."""
        self._signal_child(signal.SIGSTOP)

    def kill_worker(self) -> None:
        self._end_second_worker(signal.SIGKILL)

    def terminate_worker(self) -> None:
        self._end_second_worker(signal.SIGTERM)

    def double_messages(self) -> None:
        """Send some of the waiting messages a second time."""
        for queue in self._queues:
            messages = queue.receive(limit=5, wait_s=0, visibility_s=1)
            queue.send_many(
                [message.body for message in messages],
                notes=[message.notes for message in messages],
            )

    def reorder_messages(self) -> None:
        """Show some of the waiting messages later, each at another time."""
        for queue in self._queues:
            for message in queue.receive(limit=10, wait_s=0, visibility_s=_SHOWN_LATER_S):
                with contextlib.suppress(ServiceUnavailable):
                    queue.set_visibility(message, self._random.randint(0, _SHOWN_LATER_S))

    def send_unreadable_messages(self) -> None:
        """Send what is no job of its queue, as another version or a swapped queue would."""
        for queue in self._queues:
            for form in _UNREADABLE:
                self.unreadable.append(form.format(new_id()))
                queue.send(self.unreadable[-1])

    def change_engine(self) -> None:
        """Let a worker of another engine work beside the others."""
        worker = self._stack.start_worker(FACE_ENGINE=_OTHER_ENGINE)
        try:
            worker.started()
            time.sleep(self._slow_s)
        finally:
            worker.stop()
            self._stack.workers.remove(worker)

    def _signal_child(self, number: signal.Signals) -> None:
        worker = self._random.choice(self._stack.workers)
        children = worker.children()
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._random.choice(children).pid, number)

    def _end_second_worker(self, number: signal.Signals) -> None:
        victim = self._stack.workers[-1]  # which stays there, to be stopped, if it does not end
        victim.send(number)
        victim.wait()
        self._stack.workers.pop()
        self._stack.start_worker()
