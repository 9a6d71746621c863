"""A lane: one queue and what belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from core.worker.dead_letter_sweeper import DeadLetterSweeper
from core.worker.delivery import Delivery, Inbox
from core.worker.outcomes import Outcome


class LaneHandler(Protocol):
    """Handles the messages of a lane; safe to call from several threads."""

    def handle(self, delivery: Delivery, *, again: bool = False, give_up: bool = False) -> Outcome:
        """Bring a message one step on, as `JobHandler.handle` does."""
        ...

    def release_unfinished(self) -> None:
        """From now on let what was stopped go back to the queue at once."""
        ...


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One queue, who handles its messages, and who sweeps those that are dead, if anyone does.

    ``threads`` messages are handled at a time: most of them wait for the network.
    ``on_work`` is called whenever messages were received.
    """

    threads: int
    inbox: Inbox
    handler: LaneHandler
    sweeper: DeadLetterSweeper | None
    on_work: Callable[[], None]
