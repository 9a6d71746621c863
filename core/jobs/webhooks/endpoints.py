"""What is stored of an endpoint: an address of the caller's that is told of events."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import AwareDatetime, Field

from core.ground.ids import new_id
from core.ground.realms import Realm
from core.ground.records import Frozen

EventType = Literal["job.done", "job.failed", "batch.done", "person.erased", "unknown.grouped"]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
DisabledReason = Literal["GONE", "FAILING"]
State = Literal["active", "failing", "disabled"]

FAILING_FOR: Final = timedelta(days=5)
"""After this time without a success an endpoint is told no more."""

_SECRET_BYTES: Final = 32
_MOST_SECRETS: Final = 2


class SigningSecret(Frozen):
    """A secret that signs until it expires: ``whsec_`` and base64, as receivers have it."""

    secret: Annotated[str, Field(repr=False)]
    expires_at: AwareDatetime | None = None

    @classmethod
    def new(cls) -> Self:
        """Make one up."""
        random = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        return cls(secret=f"whsec_{random}")


class Endpoint(Frozen):
    """An endpoint; ``collections`` are patterns of the ids of which it is told.

    ``failing_since`` is the time of the first failure without a success after it.
    """

    webhook_id: str
    url: str
    events: tuple[EventType, ...]
    details: bool
    collections: tuple[str, ...] = ("*",)
    secrets: tuple[SigningSecret, ...]
    created_at: AwareDatetime
    failing_since: AwareDatetime | None = None
    disabled_at: AwareDatetime | None = None
    disabled_reason: DisabledReason | None = None

    @classmethod
    def new(
        cls,
        url: str,
        *,
        events: tuple[EventType, ...],
        details: bool,
        collections: tuple[str, ...],
        now: datetime,
    ) -> Self:
        """Return an endpoint with an id and a secret of its own."""
        return cls(
            webhook_id=new_id(),
            url=url,
            events=events,
            details=details,
            collections=collections,
            secrets=(SigningSecret.new(),),
            created_at=now,
        )

    @property
    def state(self) -> State:
        if self.disabled_at is not None:
            return "disabled"
        return "active" if self.failing_since is None else "failing"

    def signing(self, now: datetime) -> list[str]:
        """Return the secrets that sign now, the newest first."""
        live = [each for each in self.secrets if each.expires_at is None or now < each.expires_at]
        return [each.secret for each in reversed(live)]

    def hears(self, collection_id: str | None) -> bool:
        """Tell whether it is told of what happens in a collection; None is an unknown one."""
        realm = Realm(patterns=self.collections)
        return realm.is_whole or (collection_id is not None and realm.shows(collection_id))

    def is_visible_in(self, realm: Realm) -> bool:
        """Tell whether a realm may know it: it is told of nothing that the realm hides."""
        return realm.is_whole or set(self.collections) <= set(realm.patterns)

    def rotated(self, now: datetime, *, keep: timedelta) -> Self:
        """Return it with another secret; the one that it had signs for a while longer."""
        former = self.secrets[-1].model_copy(update={"expires_at": now + keep})
        secrets_now = (former, SigningSecret.new())[-_MOST_SECRETS:]
        return self.model_copy(update={"secrets": secrets_now})

    def failed(self, now: datetime) -> Self:
        """Return it after a failure."""
        if self.failing_since is None:
            return self.model_copy(update={"failing_since": now})
        if now - self.failing_since < FAILING_FOR:
            return self
        return self.disabled(now, "FAILING")

    def disabled(self, now: datetime, reason: DisabledReason) -> Self:
        """Return it as one that is told no more."""
        if self.disabled_at is not None:
            return self
        return self.model_copy(update={"disabled_at": now, "disabled_reason": reason})

    def well(self) -> Self:
        """Return it after a success, which enables it again."""
        nothing = {"failing_since": None, "disabled_at": None, "disabled_reason": None}
        return self.model_copy(update=nothing)
