"""The version of what lies in the gallery bucket.

It is 1 as long as nothing says otherwise. A version that stores people in another way, which this
one can't read, leaves its number there.
"""

from typing import Final

from core.errors import DataTooNew, ObjectMissing, StorageUnavailable
from core.ground.storage_keys import FORMAT
from core.ports import ObjectStore

NEWEST: Final = 1


def check_format(store: ObjectStore) -> None:
    """See that this version can read what lies in the gallery bucket, if that can be told now.

    Raises
    ------
    DataTooNew
        If a newer version stored it.
    """
    try:
        found = store.get(FORMAT).body.decode(errors="replace").strip()
    except (ObjectMissing, StorageUnavailable):
        return
    if not (found.isdigit() and int(found) <= NEWEST):
        raise DataTooNew(
            f"the data in the gallery bucket are of format {found[:20]!r}, and this version reads "
            f"formats up to {NEWEST}: start the version that wrote them, or a newer one"
        )
