"""How the commands put things into words."""

from typing import Final

PEOPLE: Final = ("person", "people")


def counted(number: int, one: str, more: str | None = None) -> str:
    """Return a number and what there is of it, such as ``1 face`` and ``2 faces``."""
    return f"{number:d} {one if number == 1 else more or f'{one}s'}"
