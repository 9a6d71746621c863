"""The policies of the deployment are the least, by the calls that a run recorded."""

from dataclasses import replace

import pytest

from benchmarks.aws.rights_page import recorded
from harness.aws.policy import Call
from harness.aws.policy_files import AUTOSCALER, OPERATOR, PARTS, WEB, WORKER
from harness.aws.proof import EXPLAINED, findings, needed_by, policies
from harness.aws.trace import Seen, calls_by_part, summed

GALLERY = "${gallery_bucket_arn}"
ACTIONS = [(part, action) for part, policy in policies().items() for action in policy.actions]


def may(part: str, action: str, resource: str) -> bool:
    return policies()[part].granting(Call(action=action, resource=resource)) is not None


def test_every_recorded_call_is_allowed_and_nothing_else() -> None:
    assert findings(recorded()) == []


@pytest.mark.parametrize(("part", "action"), ACTIONS)
def test_without_any_one_action_a_recorded_call_is_refused(part: str, action: str) -> None:
    refused = needed_by(policies()[part], action, calls_by_part(recorded())[part])

    assert refused or (part, action) in EXPLAINED


def test_call_that_no_policy_allows_is_found() -> None:
    odd = Seen(part=WEB, action="s3:PutObject", resource=f"{GALLERY}/keys/...", times=1)

    (finding,) = findings([*recorded(), odd])
    assert finding == f"web: s3:PutObject on {GALLERY}/keys/... is not allowed"


def test_right_that_nothing_needs_is_found() -> None:
    seen = [each for each in recorded() if each.action != "sqs:ReceiveMessage"]

    assert f"{WORKER}: nothing needs sqs:ReceiveMessage" in findings(seen)


@pytest.mark.parametrize("part", [WEB, WORKER, AUTOSCALER])
def test_no_part_of_the_service_can_make_a_key(part: str) -> None:
    assert not may(part, "s3:PutObject", f"{GALLERY}/keys/0123456789ab.json")
    assert not may(part, "s3:DeleteObject", f"{GALLERY}/keys/0123456789ab.json")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion"])
def test_nobody_removes_an_audit_record(part: str, action: str) -> None:
    assert not may(part, action, f"{GALLERY}/audit/2026-12-01T10-00-00-x.json")
    assert not may(part, action, f"{GALLERY}/tenants/acme/audit/2026-12-01T10-00-00-x.json")


def test_workers_can_read_no_key_and_put_no_photo() -> None:
    assert not may(WORKER, "s3:GetObject", f"{GALLERY}/keys/0123456789ab.json")
    assert not may(WORKER, "s3:PutObject", "${input_bucket_arn}/a.jpg")


def test_web_tier_takes_no_message_and_touches_no_group() -> None:
    assert not may(WEB, "sqs:ReceiveMessage", "${request_queue_arn}")
    assert not may(WEB, "autoscaling:SetDesiredCapacity", "${group_arn}")


def test_operator_may_make_keys_and_run_dead_letters_again() -> None:
    assert may(OPERATOR, "s3:PutObject", f"{GALLERY}/keys/0123456789ab.json")
    assert may(OPERATOR, "sqs:StartMessageMoveTask", "${index_queue_arn}-dlq")


def test_sum_of_calls_names_no_object_and_no_service() -> None:
    names = {"gallery_bucket_arn": "arn:aws:s3:::gallery", "group_arn": "arn:aws:a:*:g"}
    photo = "arn:aws:s3:::gallery/0b7e6b52-3c56-4a52-9d0b-5f8a4a3d1c11_ada.jpg"
    asked = {
        (WEB, Call(action="s3:GetObject", resource=photo)): 2,
        (WEB, Call(action="s3:GetObject", resource="arn:aws:s3:::gallery/tenants/a/crops/x/y")): 1,
        (WEB, Call(action="a:Set", resource="arn:aws:a:0000:g")): 1,
    }

    seen = summed(asked, names)

    assert [(each.resource, each.times) for each in seen] == [
        ("${group_arn}", 1),
        (f"{GALLERY}/tenants/a/crops/...", 1),
        (f"{GALLERY}/{{job}}_{{file}}", 2),
    ]
    assert replace(seen[0], times=3) == Seen.read(seen[0].shown() | {"times": 3})
