"""The receipt of an erasure, which stays also if the erasure breaks off."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from core.access.audit_trail import AuditTrail
from core.collections.erasing.receipts import Kind, Receipt, Removed, action_of
from core.errors import ServiceUnavailable
from core.ground.authors import Author


@dataclass(kw_only=True)
class Work:
    """What is to be erased, for whom, and how much was removed so far."""

    kind: Kind
    collection_id: str
    author: Author
    people: tuple[str | None, ...] = ()
    removed: Removed = field(default_factory=Removed)
    receipt: Receipt = field(init=False)


@contextmanager
def audited(audit: AuditTrail, work: Work) -> Iterator[None]:
    """Leave the receipt of a work that is done in the block, also if it breaks off."""
    begun_at = audit.now()

    def leave(*, is_complete: bool) -> None:
        record_id, record = audit.add(
            action_of(work.kind),
            work.author,
            people=work.people,
            collection_id=work.collection_id,
            counts=work.removed.model_dump(),
            begun_at=begun_at,
            is_complete=is_complete,
        )
        work.receipt = Receipt.of(record_id, record)

    try:
        yield
    except ServiceUnavailable:
        with suppress(ServiceUnavailable):
            if work.removed:
                leave(is_complete=False)
        raise
    leave(is_complete=True)
