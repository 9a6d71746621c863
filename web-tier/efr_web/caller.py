"""Who sent the request, and what of the service the request may see."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from flask import g, request

from core.access.key_ring import KeyRing
from core.access.keys import ApiKey, Scope
from core.bootstrap.web import RealmParts, WebParts
from core.errors import KeyInvalid, KeyMissing, ScopeMissing
from core.ground.authors import NOBODY as NO_KEY
from core.ground.authors import Author
from core.ground.realms import WHOLE, Realm

Access = Literal["open", "any key", "recognise", "enrol", "erase", "admin"]
"""What a call needs: nothing, any valid key, or one with that scope."""

BEARER: Final = re.compile(r"[Bb]earer +(\S+)")


@dataclass(frozen=True)
class Caller:
    """Who sent a request; without keys everybody is nobody in particular and may do all."""

    key: ApiKey | None = None

    @property
    def realm(self) -> Realm:
        """What it sees."""
        return WHOLE if self.key is None else self.key.realm

    @property
    def author(self) -> Author:
        """How the audit trail names the caller and the request."""
        return Author(NO_KEY if self.key is None else self.key.key_id, g.request_id)

    def check(self, scope: Scope) -> None:
        """Raise ``ScopeMissing`` unless the caller may do what needs a scope."""
        if self.key is not None and not self.key.allows(scope):
            raise ScopeMissing(f"this needs the scope {scope!r}, which the key does not have")


NOBODY: Final = Caller()


def admit(access: Access, ring: KeyRing | None) -> None:
    """Let a request in, or not; the view then finds its `caller`.

    Parameters
    ----------
    ring : KeyRing, optional
        The keys; without it everybody may do all.

    Raises
    ------
    KeyMissing, KeyInvalid
        If the request needs a key and has none that is valid.
    ScopeMissing
        If its key may not do it.
    """
    g.caller = NOBODY
    if ring is None or access == "open":
        return
    g.caller = Caller(ring.key(_given()))
    if access != "any key":
        g.caller.check(access)


def caller() -> Caller:
    """Return who sent the request that is being answered."""
    found: Caller = g.caller
    return found


def visible(parts: WebParts) -> RealmParts:
    """Return the parts of the service that the request may see."""
    return parts.of(caller().realm)


def _given() -> str:
    """Return the key that the request has."""
    own, bearer = request.headers.get("X-API-Key"), request.headers.get("Authorization")
    if own is not None and bearer is not None:
        raise KeyInvalid("send the key in X-API-Key or in Authorization, not in both")
    if own is not None:
        return own.strip()
    if bearer is None:
        raise KeyMissing("send a key as Authorization: Bearer KEY, or as X-API-Key: KEY")
    found = BEARER.fullmatch(bearer)
    if found is None:
        raise KeyInvalid("Authorization is Bearer and a key")
    return found[1]
