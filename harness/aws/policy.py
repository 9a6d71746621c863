"""Policies of IAM, and what they allow."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Self

_UNDERSTOOD: Final = {"Sid", "Effect", "Action", "Resource", "Condition"}


class PolicyNotUnderstood(Exception):
    """Raised for a policy that says something which is not judged here."""


@dataclass(frozen=True, kw_only=True, order=True)
class Call:
    """What a request asks to do: an action, and the ARN of what it is done to.

    ``*`` is the resource of an action that AWS lets nobody restrict to some resources.
    """

    action: str
    resource: str


@dataclass(frozen=True, kw_only=True, order=True)
class Grant:
    """One action on the resources of one pattern."""

    action: str
    pattern: str

    def allows(self, call: Call) -> bool:
        """Tell whether the call is one of those."""
        return _is_like(call.action, self.action, ignore_case=True) and _is_like(
            call.resource, self.pattern
        )


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What one part may do.

    ``denied`` is not allowed, whatever allows it. ``conditional`` holds what the part may do in
    some circumstances only. Nothing here knows circumstances, so these allow nothing.
    """

    grants: tuple[Grant, ...]
    denied: tuple[Grant, ...] = ()
    conditional: tuple[Grant, ...] = ()

    @classmethod
    def parsed(cls, *texts: str) -> Self:
        """Read policies of JSON that hold for one part together.

        Raises
        ------
        PolicyNotUnderstood
            If one says something else than what is allowed, and what is denied always.
        """
        statements = [each for text in texts for each in _listed(json.loads(text)["Statement"])]
        for statement in statements:
            is_conditional_denial = statement["Effect"] == "Deny" and "Condition" in statement
            if set(statement) - _UNDERSTOOD or is_conditional_denial:
                raise PolicyNotUnderstood(json.dumps(statement))
        allowing = [each for each in statements if each["Effect"] == "Allow"]
        return cls(
            grants=tuple(_grants(each for each in allowing if "Condition" not in each)),
            denied=tuple(_grants(each for each in statements if each["Effect"] == "Deny")),
            conditional=tuple(_grants(each for each in allowing if "Condition" in each)),
        )

    @property
    def actions(self) -> list[str]:
        """Return each action that is allowed, once and in order."""
        return sorted({grant.action for grant in self.grants})

    def granting(self, call: Call) -> Grant | None:
        """Return what allows a call; None if nothing does."""
        if any(grant.allows(call) for grant in self.denied):
            return None
        return next((grant for grant in self.grants if grant.allows(call)), None)

    def refused(self, calls: Iterable[Call]) -> list[Call]:
        """Return the calls that are not allowed."""
        return [call for call in calls if self.granting(call) is None]

    def names(self, action: str) -> bool:
        """Tell whether the action is allowed on some resource, or in some circumstances."""
        return any(
            _is_like(action, grant.action, ignore_case=True)
            for grant in (*self.grants, *self.conditional)
        )

    def without(self, taken: Collection[Grant]) -> Self:
        """Return a policy that lacks some grants."""
        return replace(self, grants=tuple(each for each in self.grants if each not in taken))

    def without_action(self, action: str) -> Self:
        return self.without([each for each in self.grants if each.action == action])


def _grants(statements: Iterable[Any]) -> Iterator[Grant]:
    for statement in statements:
        for action in _listed(statement["Action"]):
            for pattern in _listed(statement["Resource"]):
                yield Grant(action=action, pattern=pattern)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_like(text: str, pattern: str, *, ignore_case: bool = False) -> bool:
    return _expression(pattern, ignore_case).fullmatch(text) is not None


@cache
def _expression(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    written = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(written, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
