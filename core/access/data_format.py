"""The version of what lies in the gallery bucket.

It is 1 as long as nothing says otherwise. A version that stores people in another way, which this
one can't read, leaves its number there.
"""

import logging
from typing import Final, Protocol

from core.errors import DataTooNew, ObjectMissing, StorageUnavailable
from core.ground.storage_keys import FORMAT
from core.ports import StoredObject

NEWEST: Final = 1
log = logging.getLogger(__name__)


class Readable(Protocol):
    """What objects are read from."""

    def get(self, key: str) -> StoredObject: ...


def check_format(store: Readable) -> None:
    """See that this version can read what lies in the gallery bucket.

    Raises
    ------
    DataTooNew
        If a newer version stored it.
    StorageUnavailable
        If that can't be told now.
    """
    try:
        found = store.get(FORMAT).body.decode(errors="replace").strip()
    except ObjectMissing:
        return
    if not (found.isdigit() and int(found) <= NEWEST):
        raise DataTooNew(
            f"the data in the gallery bucket are of format {found[:20]!r}, and this version reads "
            f"formats up to {NEWEST}: start the version that wrote them, or a newer one"
        )


def check_format_at_start(store: Readable) -> None:
    """See the same, if that can be told now: who writes looks again.

    Raises
    ------
    DataTooNew
        If a newer version stored it.
    """
    try:
        check_format(store)
    except StorageUnavailable as error:
        log.warning("format of the data could not be read", extra={"reason": str(error)})
