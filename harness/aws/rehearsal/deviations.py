"""What an emulated account does otherwise than AWS, each with the reason.

Nothing else may differ: a second plan that would change another attribute fails the rehearsal,
and so does one that no longer changes one of these.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from harness.aws.caller import expect
from harness.aws.policy import Policy
from harness.aws.rehearsal.terraform import Change

LEFT_OUT: Final[dict[str, tuple[str, str]]] = {
    "backup_days": ("0", "moto has backup vaults and plans, and no selections of what to back up"),
    "restrict_redrive": (
        "false",
        "Terraform waits for the end of the policy, which LocalStack keeps as an empty one",
    ),
    "budget_dollars": ("0", "moto has budgets, and no subscribers of their notifications"),
}
"""Variables by which a part of the deployment is left out: value and reason."""
_HOOK: Final = "moto answers with a queue and a role of its own examples"
_RULE: Final = "moto forgets it where the other side is a group or a list of S3's addresses"
IN_SECOND_PLAN: Final[dict[tuple[str, str], str]] = {
    ("aws_autoscaling_group", "capacity_reservation_specification"): (
        "moto answers with an empty one, AWS with none"
    ),
    ("aws_autoscaling_group", "mixed_instances_policy"): (
        "its template's version, which the template below makes unknown"
    ),
    ("aws_autoscaling_lifecycle_hook", "notification_target_arn"): _HOOK,
    ("aws_autoscaling_lifecycle_hook", "role_arn"): _HOOK,
    ("aws_codedeploy_deployment_group", "alarm_configuration"): "moto forgets it",
    ("aws_ecs_service", "availability_zone_rebalancing"): (
        "moto answers with an empty text, AWS with DISABLED"
    ),
    ("aws_ecs_service", "health_check_grace_period_seconds"): "moto forgets it",
    ("aws_launch_template", "tag_specifications"): (
        "moto puts the tags of the template among those of its instances"
    ),
    ("aws_vpc_security_group_egress_rule", "description"): _RULE,
    ("aws_vpc_security_group_ingress_rule", "description"): _RULE,
}
"""Kinds of resources and their attributes that a second plan would change again."""
CAUSED: Final[dict[str, str]] = {
    "autoscaling:PutLifecycleHook": _HOOK,
    "codedeploy:UpdateDeploymentGroup": "moto forgets the alarms",
    "ec2:ModifySecurityGroupRules": _RULE,
}
"""Actions with which a new version mends what moto answers otherwise; AWS is not asked for them."""
FREE: Final = {"sts:GetCallerIdentity"}
"""Actions that AWS allows to everybody."""
LEFT_BEHIND: Final[dict[str, str]] = {
    "ec2 NatGateways": "moto lists those that are deleted, as AWS does for an hour",
    "ec2 NetworkInterfaces": "moto keeps those of ended instances and of deleted gateways",
    "ec2 VpcEndpoints": "moto lists those that are deleted",
    "ecs clusterArns": "moto lists those that are deleted",
    "kms Keys": "AWS's own key for encrypted disks, which an account gets by the first of them",
    "ecs taskDefinitionArns": (
        "on AWS too: a revision is kept so that a deployment can be taken back to it"
    ),
}
"""What is still there after the end, by service and kind."""


def judged(changes: Sequence[Change]) -> list[dict[str, str]]:
    """Return the known deviations of a second plan.

    Raises
    ------
    StepFailed
        If it would change anything else, or no longer changes one that is known.
    """
    met = {(each.kind, attribute) for each in changes for attribute in each.attributes}
    unknown = [
        f"{each.address}: {attribute}"
        for each in changes
        for attribute in each.attributes
        if (each.kind, attribute) not in IN_SECOND_PLAN
    ]
    expect(not unknown, f"a second plan to be empty, not {'; '.join(unknown)}")
    gone = sorted(set(IN_SECOND_PLAN) - met)
    expect(not gone, f"known deviations to be met, and not without {gone}")
    return [
        {"kind": kind, "attribute": attribute, "reason": IN_SECOND_PLAN[kind, attribute]}
        for kind, attribute in sorted(met)
    ]


def lacking(policy: Policy, actions: Collection[str]) -> list[str]:
    """Return the actions that a policy lacks, but for those that AWS would not be asked for."""
    return sorted(
        each
        for each in actions
        if each not in CAUSED and each not in FREE and not policy.names(each)
    )


def left_behind(left: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return what is known to stay after the end.

    Raises
    ------
    StepFailed
        If anything else stays.
    """
    unknown = {kind: number for kind, number in left.items() if kind not in LEFT_BEHIND}
    expect(not unknown, f"nothing to be left, not {unknown}")
    return [
        {"kind": kind, "number": number, "reason": LEFT_BEHIND[kind]}
        for kind, number in sorted(left.items())
    ]
