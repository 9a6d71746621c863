"""How a person's name is written: one spelling for what looks the same.

Names come composed (ë) or decomposed (e and a combining mark), by what they were typed
on. Some need characters without a width: in Persian, Sinhala or Hindi a joiner between
two letters is part of the spelling, and many emoji are joined from others.
"""

import unicodedata
from typing import Final

import idna

_NON_JOINER: Final = "\u200c"
_JOINER: Final = "\u200d"
_VIRAMA: Final = 9
"""Combining class of the signs that take a consonant's vowel."""

_JOINS_BOTH_SIDES: Final = "ب"
_PICTURES: Final = ("So", "Sm")
_ON_PICTURES: Final = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""What may follow a picture: that it is shown in colour, and the colour of a skin."""


EVERYBODY: Final = "Unknown"
"""Stands in the rejections of a face that is nobody's; no person can have this name."""


def spelled(name: str) -> str:
    """Return the one spelling of a name: composed (NFC), without joiners that change nothing.

    Takes quadratic time for names that are made of combining marks: bound them first.
    """
    if name.isascii():
        return name
    composed = unicodedata.normalize("NFC", name)
    if _NON_JOINER not in composed:
        return composed
    kept = (char for place, char in enumerate(composed) if not _is_idle(composed, place))
    return unicodedata.normalize("NFC", "".join(kept))


def is_visible(text: str) -> bool:
    """Tell whether all of a text can be seen: printable characters, and joiners that shape them."""
    return all(char.isprintable() or _shapes(text, place) for place, char in enumerate(text))


def _shapes(text: str, place: int) -> bool:
    """Tell whether the character is a joiner where Unicode wants one (CONTEXTJ of RFC 5892).

    Beyond that rule, a joiner may stand before a virama, as in Bengali and Sinhala, and in emoji.
    """
    if text[place] not in (_NON_JOINER, _JOINER):
        return False
    if _is_wanted(text, place):
        return True
    before, after = text[:place], text[place + 1 :]
    if text[place] == _NON_JOINER or not (before and after):
        return False
    if unicodedata.combining(after[0]) == _VIRAMA:
        return unicodedata.category(before[-1]) == "Lo"
    picture = before.rstrip(_ON_PICTURES)[-1:] or " "
    return all(unicodedata.category(char) in _PICTURES for char in (picture, after[0]))


def _is_idle(text: str, place: int) -> bool:
    """Tell whether a non-joiner keeps apart what does not join: many type it all the same."""
    if text[place] != _NON_JOINER or _is_wanted(text, place):
        return False
    before = _without_marks(text[:place])[-1:]
    after = _without_marks(text[place + 1 :])[:1]
    return _joins_what_precedes(before) and _joins_what_precedes(after)


def _joins_what_precedes(letter: str) -> bool:
    return _is_wanted(f"{_JOINS_BOTH_SIDES}{_NON_JOINER}{letter}", 1)


def _is_wanted(text: str, place: int) -> bool:
    try:
        return idna.valid_contextj(text, place)
    except ValueError:  # beside a character that Unicode does not know
        return False


def _without_marks(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Mn")
