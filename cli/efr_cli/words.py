"""How the commands put things into words."""

from collections.abc import Mapping
from typing import Final

from efr_cli.errors import printable

PEOPLE: Final = ("person", "people")


def counted(number: int, one: str, more: str | None = None) -> str:
    """Return a number and what there is of it, such as ``1 face`` and ``2 faces``."""
    return f"{number:d} {one if number == 1 else more or f'{one}s'}"


def shown_pairs(metadata: Mapping[str, str]) -> str:
    """Return metadata as they are typed."""
    return printable(", ".join(f"{name}={text}" for name, text in metadata.items())) or "none"
