"""What a policy allows, and that moto's own judgement is the same where it has one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from harness.aws.policy import Call, Policy, PolicyNotUnderstood

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}
NEVER = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::photos/secret/*"}


def policy(*statements: object) -> Policy:
    return Policy.parsed(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def get(key: str, bucket: str = "photos") -> Call:
    return Call(action="s3:GetObject", resource=f"arn:aws:s3:::{bucket}/{key}")


def test_only_what_is_named_is_allowed() -> None:
    reads = policy(READ)

    assert reads.refused([get("a"), get("a/b")]) == []
    others = [
        get("a", "photos-2"),
        Call(action="s3:PutObject", resource="arn:aws:s3:::photos/a"),
        Call(action="s3:ListBucket", resource="arn:aws:s3:::photos"),
    ]
    assert reads.refused(others) == others


def test_what_is_denied_is_not_allowed_whatever_allows_it() -> None:
    assert policy(READ, NEVER).refused([get("a"), get("secret/a")]) == [get("secret/a")]


def test_what_is_allowed_on_a_condition_allows_nothing_here() -> None:
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}

    assert policy(READ | condition).refused([get("a")]) == [get("a")]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::photos"},
        NEVER | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ],
)
def test_statement_that_says_all_but_something_is_refused(statement: object) -> None:
    with pytest.raises(PolicyNotUnderstood):
        policy(statement)


def test_policy_without_an_action_lacks_this_alone() -> None:
    both = policy(READ | {"Action": ["s3:GetObject", "s3:PutObject"]})
    put = Call(action="s3:PutObject", resource="arn:aws:s3:::photos/a")

    assert both.without_action("s3:GetObject").refused([get("a"), put]) == [get("a")]


_WORDS = st.text(alphabet="ab*/", min_size=1, max_size=4)
_NAMES = st.text(alphabet="ab/", min_size=1, max_size=4)
_STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
            "Action": st.lists(
                st.sampled_from(["s3:Get", "s3:Put", "s3:*", "sqs:Get"]), min_size=1, max_size=2
            ),
            "Resource": st.lists(_WORDS, min_size=1, max_size=2),
        }
    ),
    min_size=1,
    max_size=4,
)


@given(_STATEMENTS, st.sampled_from(["s3:Get", "s3:Put", "sqs:Get", "sqs:Put"]), _NAMES)
def test_moto_judges_the_same(statements: list[object], action: str, resource: str) -> None:
    theirs = IAMPolicy(json.dumps({"Version": "2012-10-17", "Statement": statements}))

    call = Call(action=action, resource=resource)
    permitted = theirs.is_action_permitted(action, resource) is PermissionResult.PERMITTED
    assert (policy(*statements).granting(call) is not None) == permitted
