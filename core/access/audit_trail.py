"""The audit trail: what was done with people, collections and keys, when and by whom.

A record is an object of its own, which is added and never changed. It holds no biometric data;
of names it holds keyed hashes (`core.access.name_hashes`).
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from pydantic import AwareDatetime, Field, model_validator

from core.access.name_hashes import NameHashes
from core.errors import ObjectMissing, StorageUnavailable
from core.ground.authors import Author
from core.ground.records import Frozen
from core.ground.storage_keys import AUDIT, audit_id, audit_key, audit_key_of
from core.ports import ObjectStore

log = logging.getLogger(__name__)

Action = Literal[
    "create_collection",
    "change_collection",
    "enrol",
    "enrol_batch",
    "rename",
    "merge",
    "reassign",
    "reject",
    "name_group",
    "ignore_group",
    "unignore_group",
    "consent",
    "describe_person",
    "erase_face",
    "erase_image",
    "erase_person",
    "erase_collection",
    "export",
    "import",
    "backup",
    "restore",
    "begin_move",
    "move",
    "cancel_move",
    "create_key",
    "rotate_key",
    "revoke_key",
    "create_webhook",
    "rotate_webhook",
    "remove_webhook",
]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

_UNKNOWN: Final = "unknown"
_READ_AT_ONCE: Final = 16


class AuditRecord(Frozen):
    """That something was done.

    ``people`` are hashes of names, ``counts`` numbers by what they count. ``key_id`` is the key
    that was made or changed, ``webhook_id`` the webhook. ``begun_at`` is known of an erasure; one
    that is not ``is_complete`` broke off, and a backup that is not lacks faces.
    """

    action: Action
    at: AwareDatetime
    actor: str
    request_id: str | None = None
    tenant: str = ""
    collection_id: str | None = None
    people: tuple[str, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    job_id: str | None = None
    batch_id: str | None = None
    key_id: str | None = None
    webhook_id: str | None = None
    begun_at: AwareDatetime | None = None
    is_complete: bool = True

    @model_validator(mode="before")
    @classmethod
    def _of_former_versions(cls, stored: Any) -> Any:
        """Read the record of an erasure as versions before the trail stored it."""
        if not isinstance(stored, dict) or "erased" not in stored:
            return stored
        return {
            "action": f"erase_{stored['erased']}",
            "at": stored["erased_at"],
            "actor": _UNKNOWN,
            "collection_id": stored["collection_id"],
            "counts": {"faces": stored["faces"], "jobs": stored["jobs"]},
        }


@dataclass(frozen=True, kw_only=True)
class AuditTrail:
    """The audit trail of one tenant. Every method may raise ``StorageUnavailable``.

    Parameters
    ----------
    store : ObjectStore
        The tenant's part of the gallery bucket.
    names : NameHashes
        The tenant's.
    now : callable
        The time by this machine's clock, with its zone.
    """

    store: ObjectStore
    names: NameHashes
    tenant: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def add(
        self, action: Action, author: Author, *, people: Iterable[str | None] = (), **more: Any
    ) -> tuple[str, AuditRecord]:
        """Add a record of what was done just now; return its id and the record.

        The log gets the record too, so that it is not lost where it can't be stored.

        Parameters
        ----------
        people : iterable of str or None
            Names of those whom it concerns; None are skipped.
        **more
            Further fields of the record.
        """
        record = AuditRecord(
            action=action,
            at=self.now(),
            actor=author.actor,
            request_id=author.request_id,
            tenant=self.tenant,
            people=tuple(dict.fromkeys(self.names.of(name) for name in people if name)),
            **more,
        )
        log.info("action was audited", extra=_shown(record))
        key = audit_key(record.at, f"{record.at:%f}-{uuid.uuid4()}")
        body = record.model_dump_json(exclude_defaults=True).encode()
        if not self.store.put_if(key, body, content_type="application/json", version=None):
            raise StorageUnavailable("there is another audit record of this id")
        return audit_id(key), record

    def read(self, record_id: str) -> AuditRecord | None:
        """Return a record, None if there is none of that id."""
        try:
            stored = self.store.get(audit_key_of(record_id))
        except ObjectMissing:
            return None
        return AuditRecord.model_validate_json(stored.body)

    def records(self, *, since: datetime | None = None) -> Iterator[tuple[str, AuditRecord]]:
        """Yield the records and their ids, oldest first."""
        after = "" if since is None else audit_key(since.astimezone(UTC), "").removesuffix(".json")
        with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as threads:
            while keys := self.store.keys(AUDIT, after=after):
                ids = [audit_id(key) for key in keys]
                for record_id, record in zip(ids, threads.map(self.read, ids), strict=True):
                    if record is not None:
                        yield record_id, record
                after = keys[-1]


def _shown(record: AuditRecord) -> dict[str, Any]:
    """Return the fields of a record for the log; hashes of names stay out of it."""
    said = record.model_dump(mode="json", exclude_defaults=True, exclude={"at", "people", "counts"})
    # The log has the request's id and the job's from their scopes.
    shown = {name: value for name, value in said.items() if name not in ("request_id", "job_id")}
    return shown | record.counts
