"""Who did something: the caller of a request, or who typed a command."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from core.ground.realms import sent_with

CLI: Final = "cli"
NOBODY: Final = "nobody"

_ACTOR_NOTE: Final = "actor"
_REQUEST_NOTE: Final = "request-id"
"""Attributes of messages."""


@dataclass(frozen=True)
class Author:
    """Who did something, and by which request.

    ``actor`` is the id of a key, ``cli`` for a command, or ``nobody`` where there are no keys.
    """

    actor: str = NOBODY
    request_id: str | None = None

    @classmethod
    def noted(cls, notes: Mapping[str, str]) -> Self:
        """Return the author that is noted with a message."""
        return cls(notes.get(_ACTOR_NOTE, NOBODY), notes.get(_REQUEST_NOTE))

    @property
    def notes(self) -> dict[str, str]:
        """What is noted with a message that the author caused."""
        actor = {} if self.actor == NOBODY else {_ACTOR_NOTE: self.actor}
        return actor if self.request_id is None else {**actor, _REQUEST_NOTE: self.request_id}


UNNAMED: Final = Author()
"""Without keys."""
TYPIST: Final = Author(CLI)
"""Who typed a command."""


def sent_again_with(notes: Mapping[str, str]) -> dict[str, str]:
    """Return a dead letter's notes without the reason for which it is one."""
    return {**sent_with(notes), **Author.noted(notes).notes}
