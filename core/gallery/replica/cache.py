"""The galleries that a process keeps in memory."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CollectionNotFound, ServiceUnavailable
from core.gallery.changes import Watch
from core.gallery.replica.kept_gallery import KeptGallery
from core.gallery.replica.replica import GalleryReplica, State
from core.ground.parallel import for_each
from core.host.metrics import metrics
from core.ports import FoundPeople, Match

_log = logging.getLogger(__name__)
_UNUSED_AFTER_S: Final = 600
_SLACK_S: Final = 0.5
"""Time beyond the refresh time that a look and loading a change may take."""
_ONE_ANYWAY_AFTER_S: Final = 5.0
"""How often an unchanged gallery is read, because its writer may die before it announces."""
_AT_ONCE: Final = 8
"""Galleries that are read at a time."""
_AHEAD_AT_ONCE: Final = 4
"""Fewer galleries at a time that no search waits for, so that photos come first."""


class GalleryCache:
    """Loads galleries when they are first searched, and keeps them as fresh as ``refresh_s``.

    Parameters
    ----------
    load : callable
        Makes the replica of a gallery by its id, still empty.
    watch : Watch
        Tells which galleries have changed.
    refresh_s : float
        Seconds between two looks at what has changed.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        load: Callable[[str], GalleryReplica],
        *,
        watch: Watch,
        refresh_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._watch = watch
        self._refresh_s = refresh_s
        self._max_age_s = refresh_s + _SLACK_S
        self._clock = clock
        self._kept: dict[str, KeptGallery] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._cut_off = False
        self._fresh_at_s = clock()
        self._one_read_at_s = clock()

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        """Search a gallery; the first time loads it, and raises what that raises."""
        return self._loaded(gallery_id).search(probes, limit=limit)

    def search_people(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[FoundPeople]:
        """Search a gallery by people, as `search` does."""
        return self._loaded(gallery_id).search_people(probes, limit=limit)

    def refresh(self, gallery_id: str, *, max_age_s: float | None) -> None:
        """Let searches know what was stored until ``max_age_s`` ago; see `FaceIndex.refresh`."""
        max_age_s = self._max_age_s if max_age_s is None else max_age_s
        self._catch_up(self._used(gallery_id), max_age_s)

    def warm(self, gallery_ids: Sequence[str]) -> None:
        """Load galleries in the background, the first ones first."""
        kept = [self._used(gallery_id) for gallery_id in gallery_ids]
        threading.Thread(
            target=self._load_all, args=[kept], name="gallery-warm-up", daemon=True
        ).start()

    def states(self) -> dict[str, State]:
        return {kept.gallery_id: kept.gallery.state for kept in self._all()}

    def follow(self, gallery_id: str) -> None:
        """Take over a change of this process's own, if the gallery is kept; raises nothing."""
        with self._lock:
            kept = self._kept.get(gallery_id)
        if kept is not None and not kept.is_loading:
            self._bring_up_to_date(kept)

    def discard(self, gallery_id: str) -> None:
        """Forget a gallery."""
        with self._lock:
            self._kept.pop(gallery_id, None)

    def close(self) -> None:
        """End the thread that looks at the stored galleries."""
        self._closed.set()
        if self._thread:
            self._thread.join()

    def _loaded(self, gallery_id: str) -> GalleryReplica:
        kept = self._used(gallery_id)
        if kept.is_loading:
            self._catch_up(kept, self._max_age_s)
        return kept.gallery

    def _all(self) -> list[KeptGallery]:
        with self._lock:
            return list(self._kept.values())

    def _used(self, gallery_id: str) -> KeptGallery:
        with self._lock:
            kept = self._kept.get(gallery_id)
            if kept is None:
                kept = self._kept[gallery_id] = KeptGallery(
                    gallery_id, self._load, watch=self._watch, clock=self._clock
                )
            kept.searched_at_s = self._clock()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._keep_fresh, name="gallery-refresh", daemon=True
                )
                self._thread.start()
            return kept

    def _catch_up(self, kept: KeptGallery, max_age_s: float) -> None:
        try:
            kept.catch_up(max_age_s=max_age_s)
        except CollectionNotFound:
            self.discard(kept.gallery_id)
            raise
        except ServiceUnavailable:
            if kept.is_loading:
                self.discard(kept.gallery_id)
            raise

    def _load_all(self, all_kept: Sequence[KeptGallery]) -> None:
        with self._noting_outages():
            self._watch.look(max_age_s=self._max_age_s)
            for_each(self._load_ahead, all_kept, threads=_AHEAD_AT_ONCE)
            return
        # The look failed. The next search loads the gallery, or tells its caller why not.
        for kept in all_kept:
            self.discard(kept.gallery_id)

    def _load_ahead(self, kept: KeptGallery) -> None:
        try:
            self._catch_up(kept, self._max_age_s)
        except (CollectionNotFound, ServiceUnavailable) as error:
            _log.warning(
                "gallery not loaded", extra={"gallery_id": kept.gallery_id, "error": str(error)}
            )

    def _keep_fresh(self) -> None:
        while not self._closed.wait(self._refresh_s):
            if not self._all():
                continue
            with self._noting_outages():
                # A search may have looked just now.
                self._watch.look(max_age_s=self._refresh_s / 2)
            for_each(self._bring_up_to_date, self._outdated(), threads=_AT_ONCE)
            self._discard_unused()
            self._show()

    def _show(self) -> None:
        loaded = [kept.gallery for kept in self._all() if not kept.is_loading]
        metrics().gallery_faces.set(sum(gallery.faces for gallery in loaded))
        now_s = self._clock()
        if not self._cut_off:
            self._fresh_at_s = now_s
        metrics().gallery_stale.set(now_s - self._fresh_at_s)

    def _outdated(self) -> list[KeptGallery]:
        loaded = [kept for kept in self._all() if not kept.is_loading]
        outdated = [kept for kept in loaded if kept.is_behind or kept.is_outgrown]
        if loaded and self._clock() - self._one_read_at_s >= _ONE_ANYWAY_AFTER_S:
            self._one_read_at_s = self._clock()
            outdated.append(min(loaded, key=lambda kept: kept.read_at_s))
        return outdated

    def _bring_up_to_date(self, kept: KeptGallery) -> None:
        try:
            with self._noting_outages():
                kept.read()
                kept.renew()
        except CollectionNotFound:
            self.discard(kept.gallery_id)
        except Exception:  # noqa: BLE001 - what it says is logged
            # Were this to end the thread, erased faces would be found for ever. The next
            # search loads the gallery again, or tells its caller why not.
            _log.exception("gallery unloaded", extra={"gallery_id": kept.gallery_id})
            self.discard(kept.gallery_id)

    @contextmanager
    def _noting_outages(self) -> Iterator[None]:
        """Go on with what is in memory while the bucket is away; say so once."""
        try:
            yield
        except ServiceUnavailable as error:
            if not self._cut_off:
                _log.warning("galleries can't be refreshed", extra={"error": str(error)})
            self._cut_off = True
        else:
            self._cut_off = False

    def _discard_unused(self) -> None:
        too_long_ago_s = self._clock() - _UNUSED_AFTER_S
        for kept in self._all():
            if kept.searched_at_s < too_long_ago_s:
                self.discard(kept.gallery_id)
                _log.info("unused gallery unloaded", extra={"gallery_id": kept.gallery_id})
