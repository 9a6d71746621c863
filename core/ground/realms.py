"""Whose data something sees: one tenant's, and of these the collections that it may know.

Everything of a tenant is kept apart from all others. A tenant has a name; the data of a
service without tenants belong to the tenant without one. Names of tenants are noted with
photos, results and messages, whose keys and bodies are the same for all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

TENANT: Final = "[a-z0-9][a-z0-9-]{0,39}"
"""A tenant's name, as a regular expression."""
COLLECTION_PATTERN: Final = r"[A-Za-z0-9_.*-]{1,100}"
"""Ids of collections, with ``*`` for any characters; as a regular expression."""

_TENANT: Final = re.compile(TENANT)
_NOTE: Final = "tenant"
"""Metadata of objects, and attribute of messages."""
_CALLBACK: Final = "callback"
"""Attribute of messages."""
TRACE_NOTE: Final = "traceparent"
"""Attribute of messages that continues a trace: W3C's header."""


@dataclass(frozen=True)
class Realm:
    """One tenant's data, in the collections whose ids match one of the patterns."""

    tenant: str = ""
    patterns: tuple[str, ...] = ("*",)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the tenant is hidden."""
        return "*" in self.patterns

    @property
    def notes(self) -> dict[str, str]:
        """What is noted with objects and messages of the tenant."""
        return {_NOTE: self.tenant} if self.tenant else {}

    def owns(self, notes: Mapping[str, str]) -> bool:
        """Tell whether an object with these notes is the tenant's."""
        return tenant_noted(notes) == self.tenant

    def shows(self, collection_id: str) -> bool:
        """Tell whether a collection may be known, if there is one of that id."""
        return any(fnmatchcase(collection_id, pattern) for pattern in self.patterns)


WHOLE: Final = Realm()
"""Everything of the tenant without a name."""


def tenant_noted(notes: Mapping[str, str]) -> str:
    """Return the tenant that is noted with an object or a message."""
    return notes.get(_NOTE, "")


def callback_note(url: str | None) -> dict[str, str]:
    """Return what is noted with the message of a job whose caller wants to be told at a URL."""
    return {_CALLBACK: url} if url else {}


def callback_noted(notes: Mapping[str, str]) -> str | None:
    """Return the URL at which the caller of a job wants to be told of its end."""
    return notes.get(_CALLBACK)


def sent_with(notes: Mapping[str, str]) -> dict[str, str]:
    """Return those of a message's notes that it was first sent with."""
    return {name: notes[name] for name in (_NOTE, _CALLBACK, TRACE_NOTE) if notes.get(name)}


def is_tenant(text: str) -> bool:
    """Tell whether a text can be a tenant's name."""
    return _TENANT.fullmatch(text) is not None
