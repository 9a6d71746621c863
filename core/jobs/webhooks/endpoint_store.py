"""A tenant's endpoints in the gallery bucket, kept in memory for a few seconds."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from core.errors import ObjectMissing, StorageUnavailable, TooManyWebhooks, WebhookNotFound
from core.ground.ids import is_job_id
from core.ground.storage_keys import WEBHOOKS, webhook_key
from core.jobs.webhooks.endpoints import Endpoint
from core.ports import ObjectStore

log = logging.getLogger(__name__)

TRUSTED_S: Final = 5.0
"""How old what is known of the endpoints may be: they cost a request in this time, not per job."""
MOST_ENDPOINTS: Final = 20
_FAILED_S: Final = 1.0
_ATTEMPTS: Final = 20


class Endpoints:
    """The endpoints of one tenant; for many threads. May raise ``StorageUnavailable``.

    Parameters
    ----------
    store : ObjectStore
        The tenant's part of the gallery bucket.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, store: ObjectStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._read_at_s: float | None = None
        self._known: dict[str, tuple[str, Endpoint]] = {}
        """By their ids: version and endpoint."""
        self._failure: str | None = None
        self._failed_until_s = 0.0
        self._lock = threading.Lock()

    def known(self) -> list[Endpoint]:
        """Return the endpoints as they were a few seconds ago, the oldest first."""
        with self._lock:
            if self._read_at_s is None or self._clock() - self._read_at_s >= TRUSTED_S:
                self._read()
            return self._all()

    def now(self) -> list[Endpoint]:
        """Return the endpoints as they are now, the oldest first."""
        with self._lock:
            self._read()
            return self._all()

    def find(self, webhook_id: str) -> Endpoint | None:
        """Return an endpoint as it was a few seconds ago, None if there is none now."""
        for listed in (self.known, self.now):
            for each in listed():
                if each.webhook_id == webhook_id:
                    return each
        return None

    def get(self, webhook_id: str) -> Endpoint:
        """Return an endpoint as it is now.

        Raises
        ------
        WebhookNotFound
            If there is none.
        """
        return self._get(webhook_id)[1]

    def add(self, endpoint: Endpoint) -> None:
        """Store a new endpoint.

        Raises
        ------
        TooManyWebhooks
            If the tenant has twenty already.
        """
        if len(self.now()) >= MOST_ENDPOINTS:
            raise TooManyWebhooks(f"there are {MOST_ENDPOINTS} already; remove one first")
        self._write(endpoint, version=None)
        self._forget()

    def remove(self, webhook_id: str) -> None:
        """Remove an endpoint; no error if there is none."""
        self._store.delete(webhook_key(webhook_id))
        self._forget()

    def change(self, webhook_id: str, change: Callable[[Endpoint], Endpoint]) -> Endpoint:
        """Replace an endpoint by what ``change`` makes of it; return that.

        Raises
        ------
        WebhookNotFound
            If there is none.
        """
        for _ in range(_ATTEMPTS):
            version, endpoint = self._get(webhook_id)
            changed = change(endpoint)
            if changed == endpoint or self._write(changed, version=version):
                self._forget()
                return changed
        raise StorageUnavailable(f"webhook {webhook_id} was changed by others")

    def _get(self, webhook_id: str) -> tuple[str, Endpoint]:
        if not is_job_id(webhook_id):
            raise WebhookNotFound("a webhook's id is a UUID of version 4, in lower case")
        try:
            stored = self._store.get(webhook_key(webhook_id))
        except ObjectMissing:
            raise WebhookNotFound(f"there is no webhook {webhook_id}") from None
        return stored.version, Endpoint.model_validate_json(stored.body)

    def _write(self, endpoint: Endpoint, *, version: str | None) -> bool:
        return self._store.put_if(
            webhook_key(endpoint.webhook_id),
            endpoint.model_dump_json().encode(),
            content_type="application/json",
            version=version,
        )

    def _read(self) -> None:
        """List the endpoints, and get those that are new or changed."""
        # While S3 is away, those who wait for the lock must not wait for S3 one after the other.
        if self._failure is not None and self._clock() < self._failed_until_s:
            raise StorageUnavailable(self._failure)
        try:
            self._look()
        except StorageUnavailable as error:
            self._failure, self._failed_until_s = str(error), self._clock() + _FAILED_S
            raise
        self._failure = None

    def _look(self) -> None:
        read_at_s = self._clock()
        found: dict[str, tuple[str, Endpoint]] = {}
        for key, version in self._store.page(WEBHOOKS).items():
            kept = self._known.get(key)
            if kept is not None and kept[0] == version:
                found[key] = kept
                continue
            try:
                stored = self._store.get(key)
            except ObjectMissing:  # removed just now
                continue
            found[key] = stored.version, Endpoint.model_validate_json(stored.body)
        self._known, self._read_at_s = found, read_at_s

    def _all(self) -> list[Endpoint]:
        return sorted((each for _, each in self._known.values()), key=lambda each: each.created_at)

    def _forget(self) -> None:
        with self._lock:
            self._read_at_s = None
