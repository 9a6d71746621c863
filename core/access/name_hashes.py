"""Names as keyed hashes: a name finds its hash, and a hash alone gives no name.

The secret of a tenant lies in the tenant's part of the gallery bucket. Whoever can read it can
tell whether a hash is that of a name that they guess.
"""

import hashlib
import hmac
import secrets
from functools import cached_property
from typing import Final

from core.ground.names import spelled
from core.ground.storage_keys import NAMES_SECRET
from core.ports import ObjectStore

_BYTES: Final = 32
_DIGITS: Final = 32


class NameHashes:
    """Hashes the names of one tenant's people. Its methods may raise ``StorageUnavailable``.

    Parameters
    ----------
    store : ObjectStore
        The tenant's part of the gallery bucket.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def of(self, person: str) -> str:
        """Return the hash of a name, the same for each of its spellings."""
        hashed = hmac.digest(self._secret, spelled(person).encode(), hashlib.sha256)
        return hashed.hex()[:_DIGITS]

    @cached_property
    def _secret(self) -> bytes:
        """Made by the process that needs it first, and then the same for all."""
        made = secrets.token_bytes(_BYTES)
        is_ours = self._store.put_if(
            NAMES_SECRET, made, content_type="application/octet-stream", version=None
        )
        return made if is_ours else self._store.get(NAMES_SECRET).body
