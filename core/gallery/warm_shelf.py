"""The galleries that a process keeps in memory."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CollectionNotFound, ServiceUnavailable
from core.gallery.warm_gallery import State, WarmGallery
from core.ports import Match

_log = logging.getLogger(__name__)
_UNUSED_AFTER_S: Final = 600


class WarmShelf:
    """Loads galleries when they are first searched, and keeps them as fresh as ``refresh_s``.

    Parameters
    ----------
    load : callable
        Makes the warm gallery of an id, still empty.
    refresh_s : float
        Seconds between two looks at each stored gallery.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        load: Callable[[str], WarmGallery],
        *,
        refresh_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._refresh_s = refresh_s
        self._clock = clock
        self._galleries: dict[str, WarmGallery] = {}
        self._successors: dict[str, WarmGallery] = {}
        self._searched_at_s: dict[str, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._cut_off = False

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        """Search a gallery; the first time loads it, and raises what that raises."""
        gallery = self._gallery(gallery_id)
        if gallery.state == "loading":
            self._load_now(gallery_id, gallery)
        return gallery.search(probes, limit=limit)

    def warm(self, gallery_ids: Sequence[str]) -> None:
        """Load galleries in the background."""
        for gallery_id in gallery_ids:
            self._gallery(gallery_id)
        threading.Thread(
            target=self._load_all, args=(list(gallery_ids),), name="gallery-warm-up", daemon=True
        ).start()

    def states(self) -> dict[str, State]:
        with self._lock:
            return {gallery_id: gallery.state for gallery_id, gallery in self._galleries.items()}

    def follow(self, gallery_id: str) -> None:
        """Look at a stored gallery now, if it is kept; never raises for a bucket that is away."""
        with self._lock:
            gallery = self._galleries.get(gallery_id)
        if gallery is None or gallery.state == "loading":
            return
        try:
            gallery.follow()
        except CollectionNotFound:
            self.discard(gallery_id)
        except ServiceUnavailable as error:
            if not self._cut_off:
                _log.warning("galleries can't be refreshed", extra={"error": str(error)})
            self._cut_off = True
        else:
            self._cut_off = False

    def discard(self, gallery_id: str) -> None:
        """Forget a gallery."""
        with self._lock:
            for kept in (self._galleries, self._successors, self._searched_at_s):
                kept.pop(gallery_id, None)

    def close(self) -> None:
        """End the thread that looks at the stored galleries."""
        self._closed.set()
        if self._thread:
            self._thread.join()

    def _gallery(self, gallery_id: str) -> WarmGallery:
        with self._lock:
            self._searched_at_s[gallery_id] = self._clock()
            if gallery_id not in self._galleries:
                self._galleries[gallery_id] = self._load(gallery_id)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._keep_fresh, name="gallery-refresh", daemon=True
                )
                self._thread.start()
            return self._galleries[gallery_id]

    def _load_now(self, gallery_id: str, gallery: WarmGallery) -> None:
        try:
            gallery.follow()
        except (CollectionNotFound, ServiceUnavailable):
            self.discard(gallery_id)
            raise

    def _load_all(self, gallery_ids: Sequence[str]) -> None:
        for gallery_id in gallery_ids:
            try:
                self._load_now(gallery_id, self._gallery(gallery_id))
            except (CollectionNotFound, ServiceUnavailable) as error:
                _log.warning(
                    "gallery not loaded", extra={"gallery_id": gallery_id, "error": str(error)}
                )

    def _keep_fresh(self) -> None:
        while not self._closed.wait(self._refresh_s):
            for gallery_id in self.states():
                try:
                    self.follow(gallery_id)
                    self._renew_outgrown(gallery_id)
                except Exception:  # noqa: BLE001 - what it says is logged
                    # Were this thread to end, erased faces would be found for ever. The
                    # next search loads the gallery anew, or tells its caller why not.
                    _log.exception("gallery unloaded", extra={"gallery_id": gallery_id})
                    self.discard(gallery_id)
            self._discard_unused()

    def _renew_outgrown(self, gallery_id: str) -> None:
        """Load a gallery anew beside one that outgrew its index; swap them once it is indexed."""
        with self._lock:
            gallery = self._galleries.get(gallery_id)
            if gallery is None or not gallery.outgrown:
                return
            successor = self._successors.setdefault(gallery_id, self._load(gallery_id))
        try:
            successor.follow()
        except (CollectionNotFound, ServiceUnavailable):
            return
        with self._lock:
            if successor.state == "index" and gallery_id in self._galleries:
                self._galleries[gallery_id] = self._successors.pop(gallery_id)

    def _discard_unused(self) -> None:
        too_long_ago_s = self._clock() - _UNUSED_AFTER_S
        with self._lock:
            unused = [
                gallery_id
                for gallery_id, searched_at_s in self._searched_at_s.items()
                if searched_at_s < too_long_ago_s
            ]
        for gallery_id in unused:
            self.discard(gallery_id)
            _log.info("unused gallery unloaded", extra={"gallery_id": gallery_id})
