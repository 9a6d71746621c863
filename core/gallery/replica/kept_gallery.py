"""A replica in memory, and the age of what it knows."""

import threading
import time
from collections.abc import Callable

from core.gallery.changes import Look, Watch
from core.gallery.replica.replica import GalleryReplica


class KeptGallery:
    """A gallery that reads what is stored when it no longer knows it. Safe for threads.

    Parameters
    ----------
    gallery_id : str
    load : callable
        Makes the replica of a gallery by its id, still empty.
    watch : Watch
        Tells whether the gallery has changed.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        gallery_id: str,
        load: Callable[[str], GalleryReplica],
        *,
        watch: Watch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gallery_id = gallery_id
        self.gallery = load(gallery_id)
        self.searched_at_s = clock()
        self.read_at_s = clock()
        self._load = load
        self._watch = watch
        self._clock = clock
        self._seen: Look | None = None
        self._successor: GalleryReplica | None = None
        self._reading = threading.Lock()

    @property
    def is_loading(self) -> bool:
        return self.gallery.state == "loading"

    @property
    def is_behind(self) -> bool:
        """Whether the gallery was seen to change since it was read."""
        return self._seen is None or self._watch.has_changed(self.gallery_id, since=self._seen)

    @property
    def is_outgrown(self) -> bool:
        """Whether it has an index that was made for far fewer faces."""
        return self.gallery.outgrown

    def catch_up(self, *, max_age_s: float) -> None:
        """Know all that was stored until ``max_age_s`` ago; reads nothing if it does.

        Raises
        ------
        ServiceUnavailable
            If it can't be read; what is here stays.
        CollectionNotFound
            If it is no longer there.
        """
        if self._knows(self._watch.look(max_age_s=max_age_s), max_age_s):
            return
        with self._reading:
            latest = self._watch.look(max_age_s=max_age_s)
            if not self._knows(latest, max_age_s):  # nobody else has read it meanwhile
                self._read(latest)

    def read(self) -> None:
        """Take over what is stored now; raises as `catch_up` does."""
        with self._reading:
            self._read(self._watch.latest)

    def renew(self) -> None:
        """Load a gallery that outgrew its index a second time; swap them once that is indexed."""
        if self.is_outgrown:
            self._successor = self._successor or self._load(self.gallery_id)
            self._successor.follow()
            if self._successor.state == "index":
                self.gallery, self._successor = self._successor, None

    def _knows(self, latest: Look, max_age_s: float) -> bool:
        seen = self._seen
        if seen is None:
            return False
        if not self._watch.has_changed(self.gallery_id, since=seen):
            self._seen = latest
            return True
        return seen.began_s > self._clock() - max_age_s

    def _read(self, latest: Look) -> None:
        self.gallery.follow()
        # The look of before: what changes during the reading may be missing, and is read again.
        self._seen = latest
        self.read_at_s = self._clock()
