"""Whether a policy allows what was seen, and nothing that was not."""

from collections.abc import Sequence
from typing import Final

from harness.aws.policy import Call, Policy
from harness.aws.policy_files import OPERATOR, PARTS, SOURCES, WEB, WORKER, template
from harness.aws.trace import Seen, calls_by_part

_LARGE: Final = (
    "LanceDB sends files over 5 MB in pieces, and breaks that off if it fails: "
    "what is left would be paid for until the bucket's rule removes it after a day"
)
_OLD: Final = "notes of erasures move there once they are older than any message can be"
EXPLAINED: Final = {
    (WEB, "s3:AbortMultipartUpload"): _LARGE,
    (WORKER, "s3:AbortMultipartUpload"): _LARGE,
    (OPERATOR, "s3:AbortMultipartUpload"): _LARGE,
    (WEB, "${gallery_bucket_arn}/past-erasures/*"): _OLD,
    (WORKER, "${gallery_bucket_arn}/past-erasures/*"): _OLD,
}
"""What is allowed though no run uses it: actions, and patterns of resources, by part."""
WITHOUT_RESOURCES: Final = {"autoscaling:DescribeAutoScalingGroups"}
"""Actions of which AWS lets nobody say on what."""


def policies() -> dict[str, Policy]:
    """Return the policies of the parts with the placeholders that they have as files."""
    return {
        part: Policy.parsed(template(part), *([template(SOURCES)] if part in (WEB, WORKER) else []))
        for part in PARTS
    }


def findings(seen: Sequence[Seen]) -> list[str]:
    """Say what is wrong with the policies, in words; nothing is if they are the least."""
    calls = calls_by_part(seen)
    return [
        finding
        for part, policy in policies().items()
        for finding in (
            *_too_little(part, policy, calls.get(part, [])),
            *_unused_actions(part, policy, calls.get(part, [])),
            *_unused_patterns(part, policy, calls.get(part, [])),
            *_too_wide(part, policy),
        )
    ]


def needed_by(policy: Policy, action: str, calls: Sequence[Call]) -> list[Call]:
    """Return the calls that are refused once an action is taken from a policy."""
    return policy.without_action(action).refused(calls)


def _too_little(part: str, policy: Policy, calls: Sequence[Call]) -> list[str]:
    return [
        f"{part}: {call.action} on {call.resource} is not allowed" for call in policy.refused(calls)
    ]


def _unused_actions(part: str, policy: Policy, calls: Sequence[Call]) -> list[str]:
    return [
        f"{part}: nothing needs {action}"
        for action in policy.actions
        if (part, action) not in EXPLAINED and not needed_by(policy, action, calls)
    ]


def _unused_patterns(part: str, policy: Policy, calls: Sequence[Call]) -> list[str]:
    used = {grant.pattern for grant in policy.grants for call in calls if grant.allows(call)}
    wanted = {grant.pattern for grant in policy.grants if (part, grant.action) not in EXPLAINED}
    return [
        f"{part}: nothing is done to {pattern}"
        for pattern in sorted(wanted - used)
        if (part, pattern) not in EXPLAINED
    ]


def _too_wide(part: str, policy: Policy) -> list[str]:
    return [
        f"{part}: {grant.action} is allowed on {grant.pattern}"
        for grant in policy.grants
        if "*" in grant.action or (grant.pattern == "*" and grant.action not in WITHOUT_RESOURCES)
    ]
