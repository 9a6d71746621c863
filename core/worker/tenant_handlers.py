"""Handles each message as one of the tenant that is noted with it."""

import threading
from collections.abc import Callable
from typing import Final, Protocol

from cachetools import LRUCache, cached

from core.ground.realms import tenant_noted
from core.worker.delivery import Delivery
from core.worker.outcomes import Outcome

_MOST_TENANTS: Final = 1000
"""Whose handlers are kept; those of others are made again."""


class TenantHandler(Protocol):
    """Handles the messages of one tenant."""

    def handle(self, delivery: Delivery, *, again: bool = False, give_up: bool = False) -> Outcome:
        """Bring a message one step on, as `JobHandler.handle` does."""
        ...


class TenantHandlers:
    """The handlers of one lane, one for each tenant; safe to call from several threads.

    Parameters
    ----------
    make : callable
        Returns the handler of a tenant.
    releasing : Event
        What all of them look at (`JobHandler`).
    """

    def __init__(self, make: Callable[[str], TenantHandler], *, releasing: threading.Event) -> None:
        self._of = cached(LRUCache(_MOST_TENANTS), lock=threading.Lock())(make)
        self._releasing = releasing

    def release_unfinished(self) -> None:
        """From now on a job whose child was stopped goes back to the queue at once."""
        self._releasing.set()

    def handle(self, delivery: Delivery, *, again: bool = False, give_up: bool = False) -> Outcome:
        """Bring a job one step on, as `JobHandler.handle` does."""
        handler = self._of(tenant_noted(delivery.message.notes))
        return handler.handle(delivery, again=again, give_up=give_up)
