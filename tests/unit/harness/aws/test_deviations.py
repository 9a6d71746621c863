"""A second plan and an emptied account may differ from AWS only as it is listed."""

import pytest

from harness.aws.caller import StepFailed
from harness.aws.policy import Grant, Policy
from harness.aws.rehearsal import deviations
from harness.aws.rehearsal.deviations import CAUSED, judged, lacking, left_behind
from harness.aws.rehearsal.terraform import Change

KNOWN = {("aws_lb", "tags"): "the emulator forgets them"}


@pytest.fixture(autouse=True)
def lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deviations, "IN_SECOND_PLAN", KNOWN)
    monkeypatch.setattr(deviations, "LEFT_BEHIND", {"ecs.TaskDefinition": "kept on purpose"})


def change(*attributes: str, kind: str = "aws_lb") -> Change:
    return Change(address=f"{kind}.this", kind=kind, attributes=attributes)


def test_known_deviation_is_reported_with_its_reason() -> None:
    (found,) = judged([change("tags")])

    assert found == {"kind": "aws_lb", "attribute": "tags", "reason": "the emulator forgets them"}


@pytest.mark.parametrize(
    "changes",
    [
        [change("tags", "name")],
        [change("tags"), change("tags", kind="aws_sqs_queue")],
        [],
    ],
)
def test_other_change_fails_and_so_does_a_known_one_that_is_gone(changes: list[Change]) -> None:
    with pytest.raises(StepFailed):
        judged(changes)


def test_only_what_is_known_to_stay_may_stay() -> None:
    assert [each["number"] for each in left_behind({"ecs.TaskDefinition": 2})] == [2]
    with pytest.raises(StepFailed, match=r"s3\.Bucket"):
        left_behind({"s3.Bucket": 1})


def test_action_that_the_workflow_lacks_is_named_unless_moto_alone_causes_it() -> None:
    policy = Policy(
        grants=(Grant(action="ec2:Describe*", pattern="*"),),
        conditional=(Grant(action="ec2:CreateTags", pattern="*"),),
    )
    asked = ["ec2:DescribeVpcs", "ec2:CreateTags", "ec2:CreateVpc", "sts:GetCallerIdentity"]

    assert lacking(policy, [*asked, *CAUSED]) == ["ec2:CreateVpc"]
