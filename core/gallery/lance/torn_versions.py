"""Versions of tables in a folder that a loss of power has torn.

LanceDB does not bring its files to the disk. We do (`TableFiles.keep`), before anything relies on
them; but power may fail in between. Then the newest version may have files that are cut off, and
LanceDB can't open the table, although all that counts is in the version before and in the journal.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_END: Final = b"LANC"
_DELETION: Final = re.compile(r"\d+-(\d+)-\d+\.(arrow|bin)")
_ARROW_END: Final = b"ARROW1"
_UPSIDE_DOWN: Final = 20
"""Digits of names that count down from the largest number, so that the newest comes first."""
_LARGEST: Final = 2**64 - 1
_ASIDE: Final = "torn"


@dataclass(frozen=True, kw_only=True)
class _Manifest:
    """The file of a version."""

    path: Path
    version: int


def set_torn_versions_aside(galleries: Path) -> None:
    """Let each table of a folder be what its newest whole version says.

    For nobody at work: the first process after a start of the machine calls it. A table without
    any whole version is left as it is.
    """
    for table in galleries.glob("*.lance"):
        manifests = sorted(_manifests(table), key=lambda each: -each.version)
        whole = next((each for each in manifests if _is_whole(table, each)), None)
        if whole is None:
            continue
        for torn in manifests[: manifests.index(whole)]:
            (table / _ASIDE).mkdir(mode=0o700, exist_ok=True)
            torn.path.replace(table / _ASIDE / torn.path.name)
            log.warning(
                "torn version of a table was set aside",
                extra={"gallery_id": table.stem, "version": torn.version},
            )


def _manifests(table: Path) -> Iterator[_Manifest]:
    for path in (table / "_versions").glob("*.manifest"):
        if path.stem.isdigit():
            number = int(path.stem)
            is_upside_down = len(path.stem) == _UPSIDE_DOWN
            yield _Manifest(path=path, version=_LARGEST - number if is_upside_down else number)


def _is_whole(table: Path, manifest: _Manifest) -> bool:
    """Tell whether a version's own file, its files of rows and those of deletions are whole."""
    text = manifest.path.read_bytes()
    if not text.endswith(_END):
        return False
    named = [path for path in (table / "data").glob("*.lance") if path.name.encode() in text]
    are_all_there = sum(text.count(path.name.encode()) for path in named) == text.count(b".lance")
    return (
        are_all_there
        and all(_ends_with(path, _END) for path in named)
        and not any(read < manifest.version for read in _torn_deletions(table))
    )


def _torn_deletions(table: Path) -> Iterator[int]:
    """Yield the versions from which torn deletions were made; only later ones have them."""
    for path in (table / "_deletions").glob("*"):
        found = _DELETION.fullmatch(path.name)
        if found and not _ends_with(path, _ARROW_END if found[2] == "arrow" else b""):
            yield int(found[1])


def _ends_with(path: Path, end: bytes) -> bool:
    """Tell whether a file has bytes, and those at its end."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - len(end)))
        return size > 0 and file.read() == end
