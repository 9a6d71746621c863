"""Tables and paragraphs for the documents."""

import textwrap
from collections.abc import Sequence
from typing import Final

_WIDTH: Final = 100


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def paragraph(text: str) -> str:
    """Return a paragraph, or an item of a list, in lines of at most 100 characters."""
    return textwrap.fill(
        text,
        width=_WIDTH,
        subsequent_indent="  " if text.startswith("- ") else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
