"""A lane: one queue and what belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.worker.dead_letter_sweeper import DeadLetterSweeper
from core.worker.delivery import Inbox
from core.worker.job_handler import JobHandler
from core.worker.tenant_handlers import TenantHandlers


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One queue, who handles its messages, and who sweeps those that are dead.

    ``threads`` messages are handled at a time: most of them wait for the network.
    ``on_work`` is called whenever messages were received.
    """

    threads: int
    inbox: Inbox
    handler: JobHandler[Any] | TenantHandlers
    sweeper: DeadLetterSweeper
    on_work: Callable[[], None]
