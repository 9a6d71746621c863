"""The tables of docs/aws-rights.md, from the policies and docs/benchmarks/aws-rights*.json."""

import json
from pathlib import Path
from typing import Final

from benchmarks.common.tables import paragraph, table
from harness.aws.policy import Policy
from harness.aws.policy_files import PARTS, WEB, WORKER
from harness.aws.proof import EXPLAINED, policies
from harness.aws.trace import Seen, calls_by_part

_FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"
_ARTIFACT: Final = _FOLDER / "aws-rights.json"
_SUITE: Final = _FOLDER / "aws-rights-suite.json"


def recorded() -> list[Seen]:
    """Return the calls of the last run."""
    return [Seen.read(each) for each in json.loads(_ARTIFACT.read_text())["calls"]]


def rights(part: str) -> str:
    """Return what a part may do, and how often a run did it."""
    seen = [each for each in recorded() if each.part == part]
    policy = policies()[part]
    rows = [
        (
            f"`{action}`",
            ", ".join(f"`{each}`" for each in _joined(_patterns(policy, action))),
            f"{_times(policy, action, seen):,}",
        )
        for action in policy.actions
    ]
    return table(("action", "on", "seen"), rows)


def unused() -> str:
    """Return what is allowed though no run needs it, and why."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for (part, what), reason in EXPLAINED.items():
        by_reason.setdefault((what, reason), []).append(part)
    rows = [
        (f"`{_short(what)}`", ", ".join(parts), reason)
        for (what, reason), parts in by_reason.items()
    ]
    return table(("allowed", "to", "because"), rows)


def counted() -> str:
    """Return when the run was, and what it came to."""
    artifact = json.loads(_ARTIFACT.read_text())
    calls = calls_by_part(recorded())
    of = ", ".join(f"{len(calls[part])} of the {part}" for part in PARTS)
    return paragraph(
        f"Recorded {artifact['measured_at'][:10]}: {sum(each.times for each in recorded()):,} "
        f"calls. Kinds of calls, by action and folder: {of}."
    )


def suite() -> str:
    """Return what the end-to-end tests came to under the policies."""
    artifact = json.loads(_SUITE.read_text())
    calls, allowed = artifact["calls"], policies()
    used = {part: {each["action"] for each in calls if each["part"] == part} for part in PARTS}
    of = " and ".join(
        f"{len(used[part])} of the {len(allowed[part].actions)} actions of the {name}"
        for part, name in ((WEB, "web tier"), (WORKER, "workers"))
    )
    times = sum(each["times"] for each in calls)
    return paragraph(
        f"Recorded {artifact['measured_at'][:10]}: {artifact['tests']['passed']} tests passed. Of "
        f"their {times:,} calls none was refused; they use {of}. The others need old versions, "
        "dead letters, a group or files over 5 MB, which `make aws-rights` has and the tests don't."
    )


def _patterns(policy: Policy, action: str) -> list[str]:
    return [grant.pattern for grant in policy.grants if grant.action == action]


def _joined(patterns: list[str]) -> list[str]:
    """Return patterns with the folders of one bucket as one, as a shell would write them."""
    by_bucket: dict[str, list[str]] = {}
    for pattern in map(_short, dict.fromkeys(patterns)):
        bucket, slash, rest = pattern.partition("/")
        by_bucket.setdefault(f"{bucket}{slash}", []).append(rest)
    return [
        f"{bucket}{{{','.join(rest)}}}" if len(rest) > 1 else f"{bucket}{rest[0]}"
        for bucket, rest in by_bucket.items()
    ]


def _times(policy: Policy, action: str, seen: list[Seen]) -> int:
    return sum(
        each.times
        for each in seen
        if (grant := policy.granting(each.call)) is not None and grant.action == action
    )


def _short(pattern: str) -> str:
    """Return a pattern as people say it: ``gallery/audit/*``, ``request-queue-dlq``."""
    for written, said in (("${", ""), ("_bucket_arn}", ""), ("_arn}", ""), ("_", "-")):
        pattern = pattern.replace(written, said)
    return pattern
