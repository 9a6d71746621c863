"""Receipts of erasures: the audit record of an erasure, as someone can file it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Self

from core.access.audit_trail import Action, AuditRecord, AuditTrail
from core.errors import ReceiptNotFound
from core.ground.ids import is_audit_id
from core.ground.realms import Realm
from core.ground.records import Frozen

Kind = Literal["face", "image", "person", "collection"]

_ACTIONS: Final[dict[Kind, Action]] = {
    "face": "erase_face",
    "image": "erase_image",
    "person": "erase_person",
    "collection": "erase_collection",
}
_KINDS: Final[dict[Action, Kind]] = {action: kind for kind, action in _ACTIONS.items()}
_STATEMENTS: Final[dict[Kind, str]] = {
    "face": (
        "The face was searched for again, with its picture, the photo and the result of the job "
        "that enrolled it, when no process could know it any more. Nothing was found."
    ),
    "image": (
        "The faces of the photo were searched for again, with their pictures, the photo and the "
        "results of the jobs that enrolled them, when no process could know them any more. Nothing "
        "was found."
    ),
    "person": (
        "All photos, results and batches of the service were listed and searched again, with the "
        "enrolled faces, their pictures and the consent note, when no process could know the "
        "person any more. Nothing of the person was found."
    ),
    "collection": (
        "All photos, results and batches of the service were listed and searched again, and the "
        "pictures of its faces, when no process could know the collection any more. Nothing of the "
        "collection was found."
    ),
}
_LIMITS: Final = (
    " Photos in a bucket of the caller's own and exported files are not the service's to erase."
)
_BROKEN: Final = "The erasure broke off. What was counted is gone; more may be there."
_FORMER: Final = "An earlier version of the service erased it, and noted no more than this."


class Removed(Frozen):
    """How much was removed.

    ``photos`` and ``results`` are objects of the service's buckets, ``jobs`` those to which they
    belonged. ``batches`` had names of photos or of the person, which are gone.
    """

    faces: int = 0
    jobs: int = 0
    photos: int = 0
    results: int = 0
    batches: int = 0
    consents: int = 0
    unknown_faces: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        mine, theirs = self.model_dump(), other.model_dump()
        return Removed(**{name: number + theirs[name] for name, number in mine.items()})

    def __bool__(self) -> bool:
        return any(self.model_dump().values())


class Receipt(Frozen):
    """What was erased, when, by whom, and how it was checked.

    ``person`` is the hash of the name by which the audit trail finds it, if it is one person.
    ``actor`` is the id of the key that asked for it, ``cli`` for a command, ``nobody`` where there
    are no keys.
    """

    receipt_id: str
    erased: Kind
    tenant: str
    collection_id: str
    person: str | None
    begun_at: datetime | None
    finished_at: datetime
    actor: str
    request_id: str | None
    removed: Removed
    is_complete: bool
    statement: str

    @classmethod
    def of(cls, record_id: str, record: AuditRecord) -> Self:
        """Return the receipt that the audit record of an erasure is."""
        erased = _KINDS[record.action]
        return cls(
            receipt_id=record_id,
            erased=erased,
            tenant=record.tenant,
            collection_id=record.collection_id or "",
            person=record.people[0] if len(record.people) == 1 else None,
            begun_at=record.begun_at,
            finished_at=record.at,
            actor=record.actor,
            request_id=record.request_id,
            removed=Removed.model_validate(record.counts),
            is_complete=record.is_complete,
            statement=_statement(erased, record),
        )


def action_of(kind: Kind) -> Action:
    """Return what the audit trail calls an erasure."""
    return _ACTIONS[kind]


def _statement(erased: Kind, record: AuditRecord) -> str:
    if record.begun_at is None:
        return _FORMER
    return _STATEMENTS[erased] + _LIMITS if record.is_complete else _BROKEN


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """The receipts that a realm may see."""

    audit: AuditTrail
    realm: Realm

    def get(self, receipt_id: str) -> Receipt:
        """Return a receipt.

        Raises
        ------
        ReceiptNotFound
            If there is none of that id.
        """
        record = self.audit.read(receipt_id) if is_audit_id(receipt_id) else None
        if record is None or not self._shows(record):
            raise ReceiptNotFound("there is no receipt of that id")
        return Receipt.of(receipt_id, record)

    def _shows(self, record: AuditRecord) -> bool:
        return record.action in _KINDS and self.realm.shows(record.collection_id or "")
