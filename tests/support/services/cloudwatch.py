"""CloudWatch's patterns for JSON lines, as far as ours use them: a matcher of its documented rules.

A term is ``$.field OPERATOR value``; terms are joined by ``&&``, which binds first, and ``||``. A
value is a number, a text in quotation marks with ``*`` for anything, or ``*`` alone, which any
value fits that is there.
"""

import fnmatch
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_TOKENS: Final = re.compile(r'\s*(\(|\)|&&|\|\||\$\.\w+|>=|<=|!=|=|>|<|\*|"[^"]*"|-?[\d.]+)')
_NUMBERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}


def is_match(pattern: str, line: Mapping[str, Any]) -> bool:
    """Tell whether a line of the log matches a pattern.

    Raises
    ------
    ValueError
        If the pattern is none.
    """
    return _Reader(pattern).read(line)


class _Reader:
    def __init__(self, pattern: str) -> None:
        body = re.fullmatch(r"\{(.*)\}", pattern)
        if body is None:
            raise ValueError(f"no pattern for JSON: {pattern}")
        self._tokens = _TOKENS.findall(body[1])
        if "".join(self._tokens) != re.sub(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', "", body[1]):
            raise ValueError(f"not understood: {pattern}")

    def read(self, line: Mapping[str, Any]) -> bool:
        found = self._either(line)
        if self._tokens:
            raise ValueError(f"not understood from {self._tokens} on")
        return found

    def _either(self, line: Mapping[str, Any]) -> bool:
        found = self._both(line)
        while self._tokens[:1] == ["||"]:
            self._tokens.pop(0)
            found = self._both(line) or found
        return found

    def _both(self, line: Mapping[str, Any]) -> bool:
        found = self._term(line)
        while self._tokens[:1] == ["&&"]:
            self._tokens.pop(0)
            found = self._term(line) and found
        return found

    def _term(self, line: Mapping[str, Any]) -> bool:
        first = self._tokens.pop(0)
        if first == "(":
            found = self._either(line)
            if self._tokens.pop(0) != ")":
                raise ValueError("a bracket is not closed")
            return found
        compare, wanted = self._tokens.pop(0), self._tokens.pop(0)
        value = line.get(first.removeprefix("$."))
        return value is not None and _compared(value, compare, wanted)


def _compared(value: Any, compare: str, wanted: str) -> bool:
    if wanted == "*":
        return compare == "="
    if wanted.startswith('"'):
        fits = fnmatch.fnmatchcase(str(value), wanted.strip('"'))
        return fits if compare == "=" else not fits
    return isinstance(value, int | float) and _NUMBERS[compare](value, float(wanted))
