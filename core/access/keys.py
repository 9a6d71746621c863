"""API keys: how they look, what is stored of them, and what they allow.

A key is ``efr_{id}_{secret}``. The secret is 256 random bits in hexadecimal, with a checksum
behind it by which a key that was mistyped is known without a look at S3. The bits are random,
so that one round of SHA-256 is as safe as a slow hash, and nothing else is stored of them.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import AwareDatetime, Field, StringConstraints

from core.ground.realms import COLLECTION_PATTERN, TENANT, Realm
from core.ground.records import Frozen

Scope = Literal["recognise", "enrol", "erase", "admin"]
"""What a key may do; ``admin`` may do all."""
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_ID: Final = "[0-9a-f]{12}"
_SECRET: Final = "[0-9a-f]{64}"  # noqa: S105 - its form
_CHECK: Final = "[0-9a-f]{8}"
_KEY: Final = re.compile(rf"efr_({_ID})_({_SECRET})({_CHECK})")
_KEY_ID: Final = re.compile(_ID)


@dataclass(frozen=True, kw_only=True)
class GivenKey:
    """A key as a caller has it."""

    key_id: str
    secret: str = ""

    @classmethod
    def new(cls, key_id: str | None = None) -> Self:
        """Make up a key, or another secret for one."""
        return cls(key_id=key_id or secrets.token_hex(6), secret=secrets.token_hex(32))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read a key; None for what can't be one."""
        found = _KEY.fullmatch(text)
        if found is None or found[3] != _checksum(found[1], found[2]):
            return None
        return cls(key_id=found[1], secret=found[2])

    @property
    def text(self) -> str:
        """How callers send it."""
        return f"efr_{self.key_id}_{self.secret}{_checksum(self.key_id, self.secret)}"

    @property
    def sha256(self) -> str:
        """What is stored of it."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


class LiveSecret(Frozen):
    """A secret that opens the door until it expires."""

    sha256: str
    expires_at: AwareDatetime | None = None


class ApiKey(Frozen):
    """What is stored of a key; ``collections`` are patterns of the ids that it may know."""

    key_id: Annotated[str, StringConstraints(pattern=f"^{_ID}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    tenant: Annotated[str, StringConstraints(pattern=f"^({TENANT})?$")] = ""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    collections: tuple[Annotated[str, StringConstraints(pattern=f"^{COLLECTION_PATTERN}$")], ...]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    secrets: tuple[LiveSecret, ...]

    @property
    def realm(self) -> Realm:
        """What it sees."""
        return Realm(self.tenant, self.collections)

    def is_live(self, now: datetime) -> bool:
        """Tell whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def opens(self, key: GivenKey, now: datetime) -> bool:
        """Tell whether a caller's key is this one, and valid."""
        matches = [
            hmac.compare_digest(live.sha256, key.sha256)
            for live in self.secrets
            if live.expires_at is None or now < live.expires_at
        ]
        return any(matches) and self.is_live(now)

    def allows(self, scope: Scope) -> bool:
        """Tell whether its scopes are enough."""
        return scope in self.scopes or "admin" in self.scopes


def is_key_id(text: str) -> bool:
    """Tell whether a text has the form of a key's id."""
    return _KEY_ID.fullmatch(text) is not None


def _checksum(key_id: str, secret: str) -> str:
    return f"{zlib.crc32(f'{key_id}_{secret}'.encode()):08x}"
