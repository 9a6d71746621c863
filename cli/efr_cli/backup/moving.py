"""Moves all that belongs to people to another deployment, at last while nothing is changed here.

First all is copied while the service runs. Then this deployment accepts no more work, and its
workers finish what they have. Then nothing is written here any more, and the rest is copied, until
nothing differs. Searches go on all the while. The note of the move says how far it is, so that it
can be broken off anywhere and begun again.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.access.write_gate import KNOWN_AFTER_S, MoveNote, Stage, leave_note, move_note
from core.bootstrap.shared import Shared
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
_SETTLED_S: Final = KNOWN_AFTER_S + 4
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

    def run(self) -> None:
        """Move, or go on with a move.

        Raises
        ------
        Refused
            If anything is there already, or all was moved before.
        """
        note = self._begin()
        if note.stage == "copying":
            self.tell("1/3: copying, while the service runs")
            for _ in range(_MOST_OPEN):
                if self.mirror.run() <= _FEW:
                    break
        while True:
            note = self._enter(note, "closing")
            self._wait_for_jobs()
            note = self._enter(note, "closed")
            self.tell("3/3: copying the rest; searches go on, and nothing is written here")
            self._copy_rest()
            if not self.jobs():
                break
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
        if there is None:
            self._check_empty()
        elif here is None or there.move_id != here.move_id:
            raise Refused("TARGET_IN_USE", f"a move from {there.other} is under way there")
        note = here or MoveNote(
            move_id=uuid.uuid4().hex,
            other=self.target.settings.whereabouts,
            stage="copying",
        )
        leave_note(self.source.gallery, note)
        arriving = MoveNote(
            move_id=note.move_id, other=self.source.settings.whereabouts, stage="arriving"
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

    def _enter(self, note: MoveNote, stage: Stage) -> MoveNote:
        entered = note.model_copy(update={"stage": stage})
        leave_note(self.source.gallery, entered)
        self.sleep(_SETTLED_S)
        return entered

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


def cancel(source: Shared) -> bool:
    """Let a deployment be written again; tell whether it could not be."""
    note = move_note(source.gallery)
    if note is None or note.stage == "copying":
        return False
    leave_note(source.gallery, note.model_copy(update={"stage": "copying", "is_done": False}))
    return True
