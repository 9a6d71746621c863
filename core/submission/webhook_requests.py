"""Use cases of webhooks: make, show, remove, rotate, test them, and send what failed again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from core.errors import WebhookNotFound
from core.ground.realms import Realm
from core.jobs.webhooks.addresses import Guard
from core.jobs.webhooks.endpoint_store import Endpoints
from core.jobs.webhooks.endpoints import Endpoint, EventType
from core.jobs.webhooks.failures import FailedDelivery, Failures
from core.jobs.webhooks.outbox import Outbox


@dataclass(frozen=True, kw_only=True)
class WebhookRequests:
    """The webhooks of a realm. Every method may raise ``ServiceUnavailable``.

    A webhook of the tenant that is told of more than the realm shows does not exist here.

    Parameters
    ----------
    outbox : Outbox
        Where events are sent; its endpoints are the tenant's.
    failures : Failures
    guard : Guard
        Says where events may be sent to.
    realm : Realm
    now : callable
        Seconds since 1970.
    """

    outbox: Outbox
    failures: Failures
    guard: Guard
    realm: Realm
    now: Callable[[], float]

    def create(self, url: str, *, events: tuple[EventType, ...], details: bool) -> Endpoint:
        """Make a webhook; every worker knows it within five seconds.

        Raises
        ------
        WebhookUrlRefused
            If events are never sent to that address.
        TooManyWebhooks
            If the tenant has as many as it may have.
        """
        self.guard.check(url)
        endpoint = Endpoint.new(
            url,
            events=events,
            details=details,
            collections=self.realm.patterns,
            now=self._time(),
        )
        self._endpoints.add(endpoint)
        return endpoint

    def all(self) -> list[Endpoint]:
        """Return all webhooks, the oldest first."""
        return [each for each in self._endpoints.now() if each.is_visible_in(self.realm)]

    def get(self, webhook_id: str) -> Endpoint:
        """Return a webhook; ``WebhookNotFound`` if there is none."""
        endpoint = self._endpoints.get(webhook_id)
        if not endpoint.is_visible_in(self.realm):
            raise WebhookNotFound(f"there is no webhook {webhook_id}")
        return endpoint

    def remove(self, webhook_id: str) -> None:
        """Remove a webhook and its failed deliveries; ``WebhookNotFound`` if there is none."""
        self.get(webhook_id)
        self.failures.forget_all(webhook_id)
        self._endpoints.remove(webhook_id)

    def rotate(self, webhook_id: str, *, keep: timedelta) -> Endpoint:
        """Give a webhook another secret; the one that it had signs for a while longer.

        Raises
        ------
        WebhookNotFound
            If there is none.
        """
        self.get(webhook_id)
        return self._endpoints.change(
            webhook_id, lambda each: each.rotated(self._time(), keep=keep)
        )

    def test(self, webhook_id: str) -> str:
        """Send an event that tells of nothing; return its id. ``WebhookNotFound`` as above."""
        return self.outbox.send_test(self.get(webhook_id))

    def failed(self, webhook_id: str, *, limit: int, after: str = "") -> list[FailedDelivery]:
        """Return the next failed deliveries behind an event's id, in the order of these.

        Raises
        ------
        WebhookNotFound
            If there is no such webhook.
        """
        self.get(webhook_id)
        return list(islice(self.failures.page(webhook_id, limit=limit, after=after), limit))

    def replay(self, webhook_id: str, event_id: str) -> None:
        """Send an event again that failed, under the same id.

        Raises
        ------
        WebhookNotFound, EventNotFound
            If there is none.
        """
        self.get(webhook_id)
        self.outbox.send_again(self.failures.get(webhook_id, event_id).message)

    @property
    def _endpoints(self) -> Endpoints:
        return self.outbox.endpoints

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)
