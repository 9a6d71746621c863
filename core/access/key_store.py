"""The API keys of the gallery bucket: made, listed, rotated, revoked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from core.access.keys import ApiKey, GivenKey, LiveSecret, Scope, is_key_id
from core.errors import KeyNotFound, ObjectMissing, StorageUnavailable
from core.ground.storage_keys import KEYS, api_key_key, api_key_used_key
from core.ports import ObjectStore

_JSON: Final = "application/json"
_ATTEMPTS: Final = 20
_MOST_SECRETS: Final = 2


@dataclass(frozen=True, kw_only=True)
class KeyStore:
    """The keys of one gallery bucket. Every method may raise ``StorageUnavailable``.

    Parameters
    ----------
    store : ObjectStore
        The gallery bucket.
    now : callable
        The time by this machine's clock, with its zone.
    """

    store: ObjectStore
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def create(
        self,
        name: str,
        *,
        scopes: Iterable[Scope],
        tenant: str = "",
        collections: Iterable[str] = ("*",),
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, GivenKey]:
        """Make a key; return what is stored of it, and the key itself, which is stored nowhere."""
        given = GivenKey.new()
        key = ApiKey(
            key_id=given.key_id,
            name=name,
            tenant=tenant,
            scopes=tuple(scopes),
            collections=tuple(collections),
            created_at=self.now(),
            expires_at=expires_at,
            secrets=(LiveSecret(sha256=given.sha256),),
        )
        if not self._write(key, version=None):
            raise StorageUnavailable("there is another key of this id; try again")
        return key, given

    def all(self) -> Iterator[ApiKey]:
        """Yield all keys in the order of their ids, revoked ones too."""
        after = ""
        while keys := self.store.keys(KEYS, after=after):
            for key in keys:
                yield ApiKey.model_validate_json(self.store.get(key).body)
            after = keys[-1]

    def rotate(self, key_id: str, *, keep: timedelta) -> tuple[ApiKey, GivenKey]:
        """Give a key another secret; the one that it had is valid for a while.

        Returns what `create` returns.

        Raises
        ------
        KeyNotFound
            If there is no such key, or it was revoked.
        """
        given = GivenKey.new(key_id)
        until = self.now() + keep

        def rotated(key: ApiKey) -> ApiKey:
            former = key.secrets[-1]
            ends = min(until, former.expires_at or until)
            kept = former.model_copy(update={"expires_at": ends})
            secrets = (kept, LiveSecret(sha256=given.sha256))[-_MOST_SECRETS:]
            return key.model_copy(update={"secrets": secrets})

        return self._change(key_id, rotated), given

    def revoke(self, key_id: str) -> ApiKey:
        """End a key; every process refuses it within two seconds.

        Raises
        ------
        KeyNotFound
            If there is no such key, or it was revoked.
        """
        return self._change(key_id, lambda key: key.model_copy(update={"revoked_at": self.now()}))

    def read(self, key_id: str) -> ApiKey | None:
        """Return a key as it is now, None if there is none."""
        try:
            return ApiKey.model_validate_json(self.store.get(api_key_key(key_id)).body)
        except ObjectMissing:
            return None

    def note_use(self, key_id: str, day: date) -> None:
        """Note that a key was used on a day."""
        self.store.put(
            api_key_used_key(key_id), day.isoformat().encode(), content_type="text/plain"
        )

    def last_use(self, key_id: str) -> date | None:
        """Return the day on which a key was used last."""
        try:
            return date.fromisoformat(self.store.get(api_key_used_key(key_id)).body.decode())
        except ObjectMissing:
            return None

    def _change(self, key_id: str, change: Callable[[ApiKey], ApiKey]) -> ApiKey:
        if not is_key_id(key_id):
            raise KeyNotFound("a key's id is 12 hexadecimal digits, the part behind efr_")
        for _ in range(_ATTEMPTS):
            try:
                stored = self.store.get(api_key_key(key_id))
            except ObjectMissing:
                raise KeyNotFound(f"there is no key {key_id}") from None
            key = ApiKey.model_validate_json(stored.body)
            if key.revoked_at is not None:
                raise KeyNotFound(f"key {key_id} was revoked at {key.revoked_at:%Y-%m-%d %H:%M}")
            changed = change(key)
            if self._write(changed, version=stored.version):
                return changed
        raise StorageUnavailable(f"key {key_id} was changed by others")

    def _write(self, key: ApiKey, *, version: str | None) -> bool:
        return self.store.put_if(
            api_key_key(key.key_id),
            key.model_dump_json().encode(),
            content_type=_JSON,
            version=version,
        )
