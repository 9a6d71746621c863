"""Whether anything may be written here: not while all is moved to another place.

Nor into data of a newer version, whoever could not tell that when they started.

`efr move` leaves a note in the gallery bucket, on both sides. Who is about to change people looks
at the note first. Reading goes on.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from pydantic import ValidationError

from core.access.data_format import check_format
from core.errors import DataTooNew, ObjectMissing, ReadOnly, StorageUnavailable
from core.ground.records import Frozen
from core.ground.storage_keys import MOVE, TENANTS, WITHOUT_PEOPLE
from core.ports import Bucket, FaceIndex, ObjectStore

LOOK_AGAIN_S: Final = 1.0
"""After which the note is read again, by one of those who ask."""
KNOWN_AFTER_S: Final = 10.0
"""After which every process knows a note: nobody trusts what was read before."""

Stage = Literal["copying", "closing", "closed", "arriving"]
"""Of the old place: all is copied; no more work is accepted; nothing is written. Of the new one."""

_CLOSED: Final[frozenset[Stage]] = frozenset({"closed", "arriving"})


class MoveNote(Frozen):
    """Which move it is, where the other place is, in words, and how far it is.

    ``run_id`` is that of the run of the command that is at work, which is another each time.
    """

    move_id: str
    other: str
    stage: Stage
    run_id: str = ""
    is_done: bool = False


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A note as it was read, None if there was none, and when the reading began."""

    note: MoveNote | None
    began_s: float


class WriteGate:
    """Looks at the note; for many threads.

    Nobody waits while another one reads, as long as what is known is new enough. What is older
    lets nobody pass: then each one waits for a read of their own.

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
        self._known: _Read | None = None
        self._is_of_this_format = False
        self._lock = threading.Lock()
        self._looking = threading.Lock()

    def check(self) -> None:
        """Let writers pass.

        Raises
        ------
        ReadOnly
            If nothing may be written.
        StorageUnavailable
            If that can't be told.
        """
        note = self._note()
        if note is not None and note.stage in self._closed:
            way = "from" if note.stage == "arriving" else "to"
            raise ReadOnly(f"all people are moved {way} {note.other}; nothing is changed here")

    def _note(self) -> MoveNote | None:
        known = self._trusted()
        if known is not None and self._age_s(known) >= LOOK_AGAIN_S:
            self._look_again()
            known = self._trusted()
        if known is None:
            self._read()
            known = self._trusted()
        if known is None:
            raise StorageUnavailable(
                f"it took over {KNOWN_AFTER_S:g} s to read whether all is moved elsewhere"
            )
        return known.note

    def _look_again(self) -> None:
        """Read the note, unless someone does so already."""
        if self._looking.acquire(blocking=False):
            try:
                with suppress(StorageUnavailable):  # what is known is trusted for a while yet
                    self._read()
            finally:
                self._looking.release()

    def _read(self) -> None:
        """Read the note, and keep it unless someone has begun to read later and is done."""
        began_s = self._clock()
        self._check_format()
        note = move_note(self._store)
        with self._lock:
            if self._known is None or self._known.began_s < began_s:
                self._known = _Read(note=note, began_s=began_s)

    def _check_format(self) -> None:
        """Look once, for the storage may have been away when the process started."""
        if not self._is_of_this_format:
            try:
                check_format(self._store)
            except DataTooNew as error:
                raise ReadOnly(str(error)) from error
            self._is_of_this_format = True

    def _trusted(self) -> _Read | None:
        """Return what is known, unless it is too old."""
        known = self._known
        return None if known is None or self._age_s(known) >= KNOWN_AFTER_S else known

    def _age_s(self, known: _Read) -> float:
        return self._clock() - known.began_s


def move_note(store: ObjectStore) -> MoveNote | None:
    """Return the note of a move, None if there is none.

    Raises
    ------
    StorageUnavailable
        If it can't be read, or a newer version left it.
    """
    try:
        return MoveNote.model_validate_json(store.get(MOVE).body)
    except ObjectMissing:
        return None
    except ValidationError as error:
        raise StorageUnavailable(f"the object {MOVE!r} is no note of a move") from error


def leave_note(store: ObjectStore, note: MoveNote | None) -> None:
    """Leave the note of a move, or remove it."""
    if note is None:
        store.delete(MOVE)
    else:
        store.put(MOVE, note.model_dump_json().encode(), content_type="application/json")


class _Gated:
    """Passes all on; what is not known to change nothing is checked before.

    So a method that is new is checked until someone says that it reads only.
    """

    def __init__(self, inner: Any, free: frozenset[str], check: Callable[..., None]) -> None:
        self._inner = inner
        self._free = free
        self._check = check

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in self._free or not callable(found):
            return found

        def checked(*arguments: Any, **options: Any) -> Any:
            self._check(*arguments, **options)
            return found(*arguments, **options)

        return checked


_FREE_OF_BUCKET: Final = frozenset(
    {
        *("get", "notes", "now", "get_if_changed", "keys", "page", "versions"),
        *("check", "obstacle", "keeps_versions"),
        "forget_old_below",  # nobody reads old versions, and those of erased people shall go
    }
)
_FREE_OF_INDEX: Final = frozenset(
    {
        *("is_outdated", "get", "page", "unnamed", "count", "count_people", "persons"),
        *("search", "search_people", "refresh", "warm", "states", "close"),
    }
)


def gated_bucket(bucket: Bucket, gate: WriteGate) -> Bucket:
    """Return a gallery bucket in which people are changed only while the gate lets writers pass."""

    def check(key: str | Sequence[str], *_: Any, **__: Any) -> None:
        keys = [key] if isinstance(key, str) else key
        if not all(map(_is_without_people, keys)):
            gate.check()

    return cast(Bucket, _Gated(bucket, _FREE_OF_BUCKET, check))


def gated_index(index: FaceIndex, gate: WriteGate) -> FaceIndex:
    """Return a face index that is changed only while the gate lets writers pass."""
    return cast(FaceIndex, _Gated(index, _FREE_OF_INDEX, lambda *_, **__: gate.check()))


def _is_without_people(key: str) -> bool:
    own = key.removeprefix(TENANTS).partition("/")[2] if key.startswith(TENANTS) else key
    return own.startswith(WITHOUT_PEOPLE)
