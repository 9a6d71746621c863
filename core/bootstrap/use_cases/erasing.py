"""Joins what forgets people, and results that name nobody who was erased."""

from core.bootstrap.shared import Shared
from core.collections.erasing.erasure import Erasure
from core.collections.erasing.fresh_results import FreshResults
from core.collections.erasing.holdings import Holdings
from core.collections.erasing.traces import Traces


def build_erasure(shared: Shared) -> Erasure:
    """Return what erases; it remembers results that it has read."""
    holdings = Holdings(
        collections=shared.collections,
        faces=shared.people,
        consents=shared.consents,
        crops=shared.crops,
        kept=shared.kept,
        index=shared.index,
        traces=Traces(inputs=shared.inputs, outputs=shared.outputs, realm=shared.realm),
    )
    return Erasure(
        collections=shared.collections,
        people=shared.people,
        consents=shared.consents,
        ids=shared.person_ids,
        crops=shared.crops,
        kept=shared.kept,
        groups=shared.group_store,
        index=shared.index,
        holdings=holdings,
        outputs=shared.outputs,
        audit=shared.audit,
        realm=shared.realm,
        settle_s=shared.process.settle_s,
        events=shared.outbox,
        clock=shared.infrastructure.clock,
        sleep=shared.infrastructure.sleep,
    )


def build_fresh_results(shared: Shared) -> FreshResults:
    return FreshResults(
        shared.outputs, shared.collections, shared.index, shared.process.grounds, shared.realm
    )
