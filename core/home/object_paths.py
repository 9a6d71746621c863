"""Where an object lies below its bucket's folder, and which keys lie there, in order.

A key is cut into pieces: each part between slashes, with the slash behind it, into its first two
bytes and then 60 bytes at a time. Every piece is a folder, and the last one is a file. So no folder
gets crowded, no name is too long, ``a`` and ``a/b`` may both be there, and a walk through sorted
folders meets the keys in their own order, whatever characters they have.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote_to_bytes

_FIRST_BYTES: Final = 2
_MORE_BYTES: Final = 60
"""Three characters each at most, and a name may have 255."""
_FILE: Final = "="
"""How the names of files end; no other name has it."""


def object_path(folder: Path, key: str) -> Path:
    """Return the file of an object; no key leads out of the folder."""
    *parts, last = key.encode().split(b"/")
    names = [_name(piece) for part in parts for piece in _pieces(part + b"/")]
    *above, end = _pieces(last) or [b""]
    return folder.joinpath(*names, *map(_name, above), _name(end) + _FILE)


def stored_keys(
    folder: Path, prefix: str, after: str = ""
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the keys with a prefix behind ``after``, in order, and their files."""
    for key, entry in _walk(str(folder), b"", prefix.encode(), after.encode()):
        yield key.decode(), entry


def _pieces(part: bytes) -> list[bytes]:
    cuts = [0, *range(_FIRST_BYTES, len(part), _MORE_BYTES), len(part)]
    return [part[start:end] for start, end in pairwise(cuts) if end]


def _name(piece: bytes) -> str:
    """Return a name of plain characters; none begins with a dot, so none is ``..``."""
    name = quote(piece, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _walk(
    folder: str, path: bytes, prefix: bytes, after: bytes
) -> Iterator[tuple[bytes, os.DirEntry[str]]]:
    for piece, is_folder, entry in _sorted_entries(folder):
        here = path + piece
        if not is_folder:
            if here.startswith(prefix) and here > after:
                yield here, entry
        elif _may_have(here, prefix, after):
            yield from _walk(entry.path, here, prefix, after)


def _may_have(here: bytes, prefix: bytes, after: bytes) -> bool:
    """Tell whether keys that begin like this may have the prefix and stand behind ``after``."""
    is_on_the_way = here.startswith(prefix) or prefix.startswith(here)
    return is_on_the_way and (here > after or after.startswith(here))


def _sorted_entries(folder: str) -> list[tuple[bytes, bool, os.DirEntry[str]]]:
    found: list[tuple[bytes, bool, os.DirEntry[str]]] = []
    # A folder goes with the last object in it.
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            is_folder = not entry.name.endswith(_FILE)
            found.append((unquote_to_bytes(entry.name.removesuffix(_FILE)), is_folder, entry))
    return sorted(found, key=lambda each: each[:2])
