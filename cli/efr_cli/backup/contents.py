"""What belongs to a deployment, beside the faces in its galleries.

Objects are kept as they are, under their own keys. So the ids of people and the hashes of names
mean the same afterwards.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from core.errors import ObjectMissing
from core.ground.realms import is_tenant
from core.ground.storage_keys import (
    AUDIT,
    COLLECTIONS,
    CONSENTS,
    CROPS,
    ERASURES,
    GROUPS,
    KEYS,
    KEYS_USED,
    NAMES_SECRET,
    PAST_ERASURES,
    PERSON_IDS,
    TENANTS,
    WEBHOOKS,
    tenant_prefix,
)
from core.ports import ObjectStore, is_path

OF_COLLECTIONS: Final = (CONSENTS, PERSON_IDS, GROUPS)
"""What belongs to the people of collections; ids of collections follow."""
OF_TENANT: Final = (ERASURES, PAST_ERASURES, AUDIT, WEBHOOKS)
OF_SERVICE: Final = (KEYS, KEYS_USED)
_KINDS: Final = (*OF_COLLECTIONS, *OF_TENANT, CROPS, COLLECTIONS, NAMES_SECRET)
_READ_AT_ONCE: Final = 16
_PAGE: Final = 1000


def tenants(gallery: ObjectStore) -> Iterator[str]:
    """Yield the tenants who have anything in the gallery bucket, first the one without a name."""
    yield ""
    after = ""
    while found := gallery.keys(TENANTS, after=after, limit=1):
        tenant = found[0].removeprefix(TENANTS).partition("/")[0]
        yield tenant
        after = f"{TENANTS}{tenant}0"  # the sign behind "/": beyond all that is the tenant's


def objects(store: ObjectStore, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Yield the objects with a prefix."""
    after = ""
    while keys := store.keys(prefix, after=after, limit=_PAGE):
        yield from bodies(store, keys)
        after = keys[-1]


def bodies(store: ObjectStore, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield those of the objects that are there; a few of them are in memory at a time."""
    with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
        for some in parts_of(keys, _READ_AT_ONCE):
            found = threads.map(lambda key: _body(store, key), some)
            yield from (each for each in found if each is not None)


def parts_of(keys: Sequence[str], length: int) -> Iterator[Sequence[str]]:
    """Yield keys in parts of some length; the last one may be shorter."""
    return (keys[start : start + length] for start in range(0, len(keys), length))


def put_new(store: ObjectStore, made: Mapping[str, bytes]) -> None:
    """Store objects where there are none."""

    def put(key: str) -> None:
        store.put_if(key, made[key], content_type=content_type(key), version=None)

    with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
        list(threads.map(put, made))


def content_type(key: str) -> str:
    """Return what kind of object lies there."""
    ending = key.rpartition(".")[2]
    types = {"json": "application/json", "jpg": "image/jpeg"}
    return types.get(ending, "application/octet-stream")


def parted(key: str) -> tuple[str, str] | None:
    """Return the tenant of a key and the tenant's own key; None if it belongs to no backup."""
    tenant, own = "", key
    if key.startswith(TENANTS):
        tenant, _, own = key.removeprefix(TENANTS).partition("/")
        if not is_tenant(tenant):
            return None
    kinds = _KINDS if tenant else (*_KINDS, *OF_SERVICE)
    return (tenant, own) if is_path(own) and own.startswith(kinds) else None


def full_key(tenant: str, own: str) -> str:
    """Return the key of a tenant's object in the gallery bucket."""
    return f"{tenant_prefix(tenant)}{own}" if tenant else own


def _body(store: ObjectStore, key: str) -> tuple[str, bytes] | None:
    with suppress(ObjectMissing):
        return key, store.get(key).body
    return None
