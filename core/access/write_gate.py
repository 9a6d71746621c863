"""Whether anything may be written here: not while all is moved to another place.

`efr move` leaves a note in the gallery bucket, on both sides. Whoever is about to change people
looks at the note; what is known of it is a second old at most. Reading goes on.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, cast

from core.errors import ObjectMissing, ReadOnly
from core.ground.records import Frozen
from core.ground.storage_keys import MOVE, TENANTS, WITHOUT_PEOPLE
from core.ports import Bucket, FaceIndex, ObjectStore

TRUSTED_S: Final = 1.0

Stage = Literal["copying", "closing", "closed", "arriving"]
"""Of the old place: all is copied; no more work is accepted; nothing is written. Of the new one."""

_CLOSED: Final[frozenset[Stage]] = frozenset({"closed", "arriving"})


class MoveNote(Frozen):
    """Which move it is, where the other place is, in words, and how far it is."""

    move_id: str
    other: str
    stage: Stage
    is_done: bool = False


class WriteGate:
    """Looks at the note; for many threads.

    Parameters
    ----------
    store : ObjectStore
        The gallery bucket.
    finishes : bool
        Whether what was accepted is still written while no more is accepted, as workers do.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        finishes: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._closed = _CLOSED if finishes else _CLOSED | {"closing"}
        self._clock = clock
        self._looked_s: float | None = None
        self._note: MoveNote | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """Let writers pass.

        Raises
        ------
        ReadOnly
            If nothing may be written.
        """
        with self._lock:
            if self._looked_s is None or self._clock() - self._looked_s >= TRUSTED_S:
                looked_s = self._clock()
                self._note = move_note(self._store)
                self._looked_s = looked_s
            note = self._note
        if note is not None and note.stage in self._closed:
            way = "from" if note.stage == "arriving" else "to"
            raise ReadOnly(f"all people are moved {way} {note.other}; nothing is changed here")


def move_note(store: ObjectStore) -> MoveNote | None:
    """Return the note of a move, None if there is none."""
    with suppress(ObjectMissing):
        return MoveNote.model_validate_json(store.get(MOVE).body)
    return None


def leave_note(store: ObjectStore, note: MoveNote | None) -> None:
    """Leave the note of a move, or remove it."""
    if note is None:
        store.delete(MOVE)
    else:
        store.put(MOVE, note.model_dump_json().encode(), content_type="application/json")


class _Passing:
    """Passes all on that has no method here."""

    def __init__(self, inner: Any, gate: WriteGate) -> None:
        self._inner = inner
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _GatedBucket(_Passing):
    def put(self, key: str, *arguments: Any, **options: Any) -> Any:
        self._check(key)
        return self._inner.put(key, *arguments, **options)

    def put_if(self, key: str, *arguments: Any, **options: Any) -> Any:
        self._check(key)
        return self._inner.put_if(key, *arguments, **options)

    def swap(self, key: str, *arguments: Any, **options: Any) -> Any:
        self._check(key)
        return self._inner.swap(key, *arguments, **options)

    def delete(self, key: str) -> None:
        self._check(key)
        self._inner.delete(key)

    def delete_many(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._check(key)
        self._inner.delete_many(keys)

    def _check(self, key: str) -> None:
        own = key.removeprefix(TENANTS).partition("/")[2] if key.startswith(TENANTS) else key
        if not own.startswith(WITHOUT_PEOPLE):
            self._gate.check()


class _GatedIndex(_Passing):
    def create(self, gallery_id: str, *, length: int) -> None:
        self._gate.check()
        self._inner.create(gallery_id, length=length)

    def upgrade(self, gallery_id: str) -> bool:
        self._gate.check()
        return bool(self._inner.upgrade(gallery_id))

    def drop(self, gallery_id: str) -> None:
        self._gate.check()
        self._inner.drop(gallery_id)

    def put(self, gallery_id: str, faces: Sequence[Any]) -> None:
        self._gate.check()
        self._inner.put(gallery_id, faces)

    def erase(self, gallery_id: str, face_ids: Sequence[str]) -> None:
        self._gate.check()
        self._inner.erase(gallery_id, face_ids)


def gated_bucket(bucket: Bucket, gate: WriteGate) -> Bucket:
    """Return a gallery bucket in which people are changed only while the gate lets writers pass."""
    return cast(Bucket, _GatedBucket(bucket, gate))


def gated_index(index: FaceIndex, gate: WriteGate) -> FaceIndex:
    """Return a face index that is changed only while the gate lets writers pass."""
    return cast(FaceIndex, _GatedIndex(index, gate))
