"""Asks, when a web process starts, for all that it needs, until each has answered once."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from core.bootstrap.shared import Shared
from core.errors import CollectionNotFound, ServiceUnavailable
from core.ground.ids import new_gallery_id
from core.host.readiness import note_contact
from core.host.shared_numbers import shared_folder
from core.ports import FaceIndex

log = logging.getLogger(__name__)

Check = Callable[[], None]
"""Raises ``ServiceUnavailable`` while something is missing."""

_PAUSE_S: Final = 5.0


def begin(shared: Shared, checks: Mapping[str, Check]) -> None:
    """Begin to ask, if there is a port of metrics, which tells of it."""
    folder = shared_folder()
    if folder is None:
        return
    wanted: dict[str, Check] = {
        **checks,
        "galleries": partial(_ask_for_galleries, shared.index),
    }
    shared.infrastructure.run_in_background(
        "first-contact",
        partial(
            make_contact,
            wanted,
            on_contact=partial(note_contact, folder),
            sleep=shared.infrastructure.sleep,
        ),
    )


def make_contact(
    checks: Mapping[str, Check], *, on_contact: Callable[[], None], sleep: Callable[[float], None]
) -> None:
    """Ask for what has not answered yet, again and again, until nothing is left.

    Parameters
    ----------
    checks : mapping
        Raise ``ServiceUnavailable`` while what they are named for is missing.
    on_contact : callable
        Called once each has answered.
    """
    silent = [check for check in checks.values() if not _answers(check)]
    while silent:
        sleep(_PAUSE_S)
        silent = [check for check in silent if not _answers(check)]
    on_contact()
    log.info("all dependencies have answered")


def _answers(check: Check) -> bool:
    try:
        check()
    except ServiceUnavailable as error:
        log.warning("dependency is missing", extra={"reason": str(error)})
        return False
    return True


def _ask_for_galleries(index: FaceIndex) -> None:
    """Ask where the galleries are for one that nobody has: also who has none must be answered."""
    with suppress(CollectionNotFound):
        index.count(new_gallery_id())
