"""What the parts were seen to ask of AWS, without the names of the service that was looked at."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from harness.aws.policy import Call

_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PHOTO: Final = re.compile(rf"{_ID}_.*")
_ALONE: Final = ("fleet", "format")
"""Folders and keys of single objects that have a meaning of their own."""


@dataclass(frozen=True, kw_only=True, order=True)
class Seen:
    """A kind of call that a part made, and how often.

    The resource has the placeholders of the policies, such as ``${gallery_bucket_arn}``, and for
    an object the folder that it lies in.
    """

    part: str
    action: str
    resource: str
    times: int

    @property
    def call(self) -> Call:
        return Call(action=self.action, resource=self.resource)

    def shown(self) -> dict[str, Any]:
        """Return it as an artifact holds it."""
        return {
            "part": self.part,
            "action": self.action,
            "resource": self.resource,
            "times": self.times,
        }

    @classmethod
    def read(cls, shown: Mapping[str, Any]) -> Self:
        return cls(**shown)


def summed(asked: Mapping[tuple[str, Call], int], names: Mapping[str, str]) -> list[Seen]:
    """Sum calls up by their kinds.

    Parameters
    ----------
    asked : mapping
        How often each part made each call.
    names : mapping
        What the placeholders stand for in these calls.
    """
    kinds: Counter[tuple[str, str, str]] = Counter()
    for (part, call), times in asked.items():
        kinds[(part, call.action, _kind(call.resource, names))] += times
    return sorted(
        Seen(part=part, action=action, resource=resource, times=times)
        for (part, action, resource), times in kinds.items()
    )


def _kind(resource: str, names: Mapping[str, str]) -> str:
    """Return a resource with placeholders, without what stands for one object alone."""
    for name, arn in sorted(names.items(), key=lambda pair: len(pair[1]), reverse=True):
        start, star, end = arn.partition("*")
        if star and resource.startswith(start) and resource.endswith(end):
            return f"${{{name}}}"
        rest = resource.removeprefix(arn)
        if arn.startswith("arn:") and rest != resource and rest[:1] in ("", "/", "-"):
            return f"${{{name}}}{_folder(rest)}"
    return resource


def _folder(rest: str) -> str:
    """Return the folder of a key, below that of the tenant if it is a tenant's."""
    if not rest.startswith("/"):
        return rest
    parts = rest[1:].split("/")
    if parts[0] in _ALONE:
        return rest
    if len(parts) == 1:
        return "/{job}_{file}" if _PHOTO.fullmatch(parts[0]) else "/{job}"
    kept = parts[: 3 if parts[0] == "tenants" else 1]
    return f"/{'/'.join(kept)}/..."


def calls_by_part(seen: Iterable[Seen]) -> dict[str, list[Call]]:
    """Return the calls of each part."""
    found: dict[str, list[Call]] = {}
    for each in seen:
        found.setdefault(each.part, []).append(each.call)
    return found
