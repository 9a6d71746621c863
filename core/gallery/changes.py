"""Which galleries and collections have changed, asked for in few requests.

After a change a writer overwrites the gallery's *marker* and then the *bell*, an object
that all galleries share, with random content. Readers ask for the bell alone, which is one
small conditional request whatever the number of galleries. Only when it has changed do they
list the markers, whose versions tell which galleries changed. The journal of a gallery
(`core.gallery.lance.journal`) lies among the markers and counts as one, so that whoever wrote
to it has only to ring the bell.

Nothing here needs a clock or a conditional write: if two writers ring the bell at once, it still
differs from before. A gallery's marker is removed with the gallery, which is a change too. A
gallery without a marker may have had one between two looks, so any new bell may mean that it
changed. A collection is announced by the id of its gallery, as the gallery's faces are.
"""

import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Final, Protocol

from core.errors import ObjectMissing, StorageUnavailable
from core.ground.storage_keys import BELL, CHANGES, JOURNALS, MARKERS, journal_key, marker_key
from core.ports import ObjectStore

_CONTENT_TYPE: Final = "text/plain"
_MISSING: Final = ""


class Changes(Protocol):
    """What writers announce and readers look at. May raise ``StorageUnavailable``.

    ``heard`` counts the looks that found another bell.
    """

    @property
    def heard(self) -> int: ...

    def announce(self, gallery_id: str) -> None:
        """Tell all processes that a gallery or its collection was changed."""
        ...

    def announce_end(self, gallery_id: str) -> None:
        """Tell all processes that a gallery is gone, and remove its marker."""
        ...

    def ring(self) -> None:
        """Tell all processes of galleries whose journals were written."""
        ...

    def look(self) -> Set[str] | None:
        """Return the galleries that changed since the last look; None if any may have."""
        ...

    def is_marked(self, gallery_id: str) -> bool:
        """Tell whether looks see each change of a gallery; otherwise any change may be its own."""
        ...

    def version(self, gallery_id: str) -> str | None:
        """Return another text after each change of a gallery; None if it is not marked."""
        ...


class StoredChanges:
    """Changes as objects of the gallery bucket. ``look`` is for one thread at a time."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._bell: str | None = None
        self._markers: Mapping[str, str] = {}
        self.heard = 0

    def announce(self, gallery_id: str) -> None:
        self._overwrite(marker_key(gallery_id))
        self._overwrite(BELL)

    def announce_end(self, gallery_id: str) -> None:
        self._store.delete(marker_key(gallery_id))
        self._overwrite(BELL)

    def ring(self) -> None:
        self._overwrite(BELL)

    def look(self) -> Set[str] | None:
        # The bell first: who rings it later is heard by the next look.
        bell = self._bell_now()
        if bell == self._bell:
            return frozenset()
        markers = self._store.versions(CHANGES)
        markers.pop(BELL, None)
        former, self._markers = self._markers, markers
        is_lost = self._bell is None or bell == _MISSING
        self._bell = bell  # only now, so that a listing that failed is made by the next look
        self.heard += 1
        if is_lost:
            return None
        return {
            key.removeprefix(MARKERS).removeprefix(JOURNALS)
            for key in former.keys() | markers.keys()
            if former.get(key) != markers.get(key)
        }

    def is_marked(self, gallery_id: str) -> bool:
        return not self._markers.keys().isdisjoint(_keys(gallery_id))

    def version(self, gallery_id: str) -> str | None:
        versions = [self._markers.get(key, _MISSING) for key in _keys(gallery_id)]
        return " ".join(versions) if any(versions) else None

    def _bell_now(self) -> str:
        try:
            stored = self._store.get_if_changed(BELL, self._bell or _MISSING)
        except ObjectMissing:
            return _MISSING
        return (self._bell or _MISSING) if stored is None else stored.version

    def _overwrite(self, key: str) -> None:
        self._store.put(key, uuid.uuid4().hex.encode(), content_type=_CONTENT_TYPE)


def _keys(gallery_id: str) -> list[str]:
    return [marker_key(gallery_id), journal_key(gallery_id)]


class UnknownChanges:
    """Changes that are never announced: after each look, any gallery may have changed."""

    heard = 0

    def announce(self, gallery_id: str) -> None:
        pass

    def announce_end(self, gallery_id: str) -> None:
        pass

    def ring(self) -> None:
        pass

    def look(self) -> Set[str] | None:
        return None

    def is_marked(self, gallery_id: str) -> bool:
        return False

    def version(self, gallery_id: str) -> str | None:
        return None


@dataclass(frozen=True, kw_only=True)
class Look:
    """A look at the changes, and when it began, in monotonic seconds."""

    number: int
    began_s: float


class Watch:
    """How old a process's knowledge is; safe to use from several threads.

    Who reads something notes the latest look before: what was read then is up to date
    until a later look says that it `has_changed`.
    """

    def __init__(self, changes: Changes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._changes = changes
        self._clock = clock
        self._latest = Look(number=0, began_s=-math.inf)
        self._changed: dict[str, int] = {}
        self._all_changed = 0
        self._any_changed = 0
        self._failure: StorageUnavailable | None = None
        self._failed_at_s = -math.inf
        self._looking = threading.Lock()
        self.announce = changes.announce
        self.announce_end = changes.announce_end
        self.ring = changes.ring
        self.version = changes.version

    @property
    def latest(self) -> Look:
        return self._latest

    def look(self, *, max_age_s: float) -> Look:
        """Return a look that began less than ``max_age_s`` ago, or a new one.

        Raises
        ------
        StorageUnavailable
            If a new one fails.
        """
        asked_s = self._clock()
        since_s = asked_s - max_age_s
        if self._latest.began_s <= since_s:
            with self._looking:
                if self._latest.began_s <= since_s:  # nobody else looked meanwhile
                    self._look_unless_failed(asked_s)
        return self._latest

    def has_changed(self, gallery_id: str, *, since: Look) -> bool:
        """Tell whether a look after that one saw a change."""
        last = max(self._changed.get(gallery_id, 0), self._all_changed)
        if not self._changes.is_marked(gallery_id):
            last = max(last, self._any_changed)
        return last > since.number

    def _look_unless_failed(self, asked_s: float) -> None:
        """Look, or fail as the look did for which the caller had to wait.

        A bucket that hangs takes seconds to be given up, and many may wait.
        """
        error = self._failure
        if error is not None and self._failed_at_s >= asked_s:
            raise StorageUnavailable(str(error)) from error
        try:
            self._look()
        except StorageUnavailable as error:
            self._failure, self._failed_at_s = error, self._clock()
            raise

    def _look(self) -> None:
        began_s = self._clock()
        heard = self._changes.heard
        changed = self._changes.look()
        number = self._latest.number + 1
        if self._changes.heard > heard:
            self._any_changed = number
        if changed is None:
            self._all_changed = number
        else:
            self._changed.update(dict.fromkeys(changed, number))
        # Last, so that no one takes this look for one that saw no change.
        self._latest = Look(number=number, began_s=began_s)
