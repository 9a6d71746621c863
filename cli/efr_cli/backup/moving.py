"""Moves all that belongs to people to another deployment, at last while nothing is changed here.

First all is copied while the service runs. Then this deployment accepts no more work, and its
workers finish what they have. Then nothing is written here any more, and the rest is copied, until
nothing differs. Searches go on all the while. The note of the move says how far it is, so that it
can be broken off anywhere and begun again.

Both notes name the run that is at work. A run that finds another one's stops before it writes
anything: the other one may be done, and people enrolled in the new place.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from core.access.write_gate import KNOWN_AFTER_S, MoveNote, Stage, leave_note, move_note
from core.bootstrap.shared import Shared
from core.gallery.lance.write_lock import WAIT_AT_MOST_S
from core.ground.authors import TYPIST
from core.ground.ids import is_collection_id
from core.ground.storage_keys import COLLECTIONS, TENANTS, collection_of
from efr_cli.backup.contents import OF_COLLECTIONS, OF_SERVICE, OF_TENANT
from efr_cli.backup.mirror import Mirror
from efr_cli.errors import Refused

_MOST_OPEN: Final = 5
_MOST_CLOSED: Final = 10
_FEW: Final = 1000
"""Changes that may be left for the time when nothing is written."""
_EMPTY_FOR: Final = 3
"""So often a queue must be empty in a row, for SQS counts roughly."""
_LOOK_S: Final = 1.0
_LOCKS: Final = 2
"""For which an erasure waits, one after the other, once the gate has let it pass."""
_WRITTEN_S: Final = 10
"""In which what has the locks is written."""
SETTLED_S: Final = KNOWN_AFTER_S + _LOCKS * WAIT_AT_MOST_S + _WRITTEN_S
"""In which every process knows the note, and has ended what it was writing."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """Moves everything.

    Parameters
    ----------
    source, target : Shared
        The parts of the tenant without a name here and there, which write whatever the notes say.
    jobs : callable
        Returns the number of index jobs that wait here, or are being worked on.
    tell : callable
        Is told how far it is.
    """

    source: Shared
    target: Shared
    mirror: Mirror
    jobs: Callable[[], int]
    sleep: Callable[[float], None]
    tell: Callable[[str], None]
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def run(self) -> None:
        """Move, or go on with a move.

        Raises
        ------
        Refused
            If anything is there already, all was moved before, or another run has begun meanwhile.
        """
        note = self._begin()
        # Before anything is copied: one that breaks off has brought people elsewhere, too.
        self.source.audit.add("begin_move", TYPIST)
        self.mirror.check = self._check_run
        if note.stage == "copying":
            self.tell("1/3: copying, while the service runs")
            for _ in range(_MOST_OPEN):
                if self.mirror.run() <= _FEW:
                    break
        while True:
            note = self._enter(note, "closing", "2/3: no more is accepted here")
            self._wait_for_jobs()
            note = self._enter(note, "closed", "3/3: nothing is written here; searches go on")
            self.tell("3/3: copying the rest")
            self._copy_rest()
            if not self.jobs():
                break
        self._check_run()
        leave_note(self.source.gallery, note.model_copy(update={"is_done": True}))
        leave_note(self.target.gallery, None)

    def _begin(self) -> MoveNote:
        here, there = move_note(self.source.gallery), move_note(self.target.gallery)
        if here is not None and here.is_done:
            if there is not None and there.move_id == here.move_id:
                leave_note(self.target.gallery, None)  # where a run broke off
            raise Refused(
                "ALREADY_MOVED",
                f"all was moved to {here.other}: use its settings, or 'efr move --cancel' to have "
                "this one written again",
            )
        if here is not None and here.stage == "arriving":
            raise Refused("MOVE_UNDER_WAY", f"a move from {here.other} to here is not done")
        if there is None:
            self._check_empty()
        elif here is None or there.move_id != here.move_id:
            raise Refused("TARGET_IN_USE", f"a move from {there.other} is under way there")
        note = MoveNote(
            move_id=uuid.uuid4().hex if here is None else here.move_id,
            other=self.target.settings.whereabouts,
            stage="copying" if here is None else here.stage,
            run_id=self.run_id,
        )
        leave_note(self.source.gallery, note)
        arriving = note.model_copy(
            update={"other": self.source.settings.whereabouts, "stage": "arriving"}
        )
        if move_note(self.target.gallery) == note:
            leave_note(self.source.gallery, here)
            raise Refused("TARGET_IN_USE", "both settings name the same gallery bucket")
        leave_note(self.target.gallery, arriving)
        return note

    def _check_empty(self) -> None:
        store = self.target.gallery
        found = [
            key
            for prefix in (*OF_COLLECTIONS, *OF_TENANT, *OF_SERVICE, TENANTS)
            for key in store.keys(prefix, limit=1)
        ]
        for key in store.keys(COLLECTIONS, limit=2):
            collection_id = collection_of(key)
            there = (
                self.target.collections.find(collection_id)
                if is_collection_id(collection_id)
                else None
            )
            if there is None or not there.is_empty:
                found.append(key)
        if found:
            raise Refused(
                "TARGET_IN_USE",
                f"something is there already ({found[0]}), and nothing was changed: a move needs "
                "new buckets, or a new folder",
            )

    def _enter(self, note: MoveNote, stage: Stage, said: str) -> MoveNote:
        self._check_run()
        self.tell(f"{said}; waiting {SETTLED_S:g} s until all processes have ended other work")
        entered = note.model_copy(update={"stage": stage})
        leave_note(self.source.gallery, entered)
        self.sleep(SETTLED_S)
        return entered

    def _check_run(self) -> None:
        """Raise ``Refused`` unless both notes are of this run."""
        notes = map(move_note, (self.source.gallery, self.target.gallery))
        if any(note is None or note.run_id != self.run_id for note in notes):
            raise Refused(
                "MOVE_UNDER_WAY",
                "this run of the move has ended, for another one has begun, or it was cancelled",
            )

    def _wait_for_jobs(self) -> None:
        empty, told = 0, False
        while empty < _EMPTY_FOR:
            left = self.jobs()
            if left and not told:
                self.tell(f"2/3: waiting until the workers have indexed {left} photos")
                told = True
            empty = 0 if left else empty + 1
            self.sleep(_LOOK_S)

    def _copy_rest(self) -> None:
        for _ in range(_MOST_CLOSED):
            if not self.mirror.run():
                return
        raise Refused("NOT_SETTLED", "what is here changes all the time: who writes here still?")


def cancel(shared: Shared) -> bool:
    """Let a deployment be written again; tell whether it could not be.

    A run that is at work stops. What has arrived here stays, and is no more part of the move: a
    further run finds that something is here, and changes nothing.
    """
    note = move_note(shared.gallery)
    if note is None or note.stage == "copying":
        return False
    reopened = {"stage": "copying", "is_done": False, "run_id": ""}
    leave_note(
        shared.gallery, None if note.stage == "arriving" else note.model_copy(update=reopened)
    )
    shared.audit.add("cancel_move", TYPIST)
    return True
