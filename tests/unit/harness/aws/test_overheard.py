"""Which action of IAM a request of Terraform's asks for."""

import pytest

from harness.aws.rehearsal.overheard import action_of
from harness.aws.requests import Request, RequestNotUnderstood

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def request(
    service: str, method: str = "POST", target: str = "/", body: bytes = b"", **headers: str
) -> Request:
    signed = f"AWS4-HMAC-SHA256 Credential=123456789012/20261201/us-east-1/{service}/aws4_request"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method=method, target=target, headers={"authorization": signed, **named}, body=body
    )


@pytest.mark.parametrize(
    ("asked", "action"),
    [
        (
            request("ecs", x_amz_target="AmazonEC2ContainerServiceV20141113.UpdateService"),
            "ecs:UpdateService",
        ),
        (
            request("ec2", body=b"Action=DescribeVpcs&Version=2016-11-15", **FORM),
            "ec2:DescribeVpcs",
        ),
        (
            request("monitoring", body=b"Action=PutMetricAlarm", **FORM),
            "cloudwatch:PutMetricAlarm",
        ),
        (request("s3", "HEAD", "/efr-input"), "s3:ListBucket"),
        (request("s3", "GET", "/efr-input?encryption="), "s3:GetEncryptionConfiguration"),
        (
            request("route53", "GET", "/2013-04-01/hostedzone/Z1/rrset?name=a"),
            "route53:ListResourceRecordSets",
        ),
    ],
)
def test_action_is_found_in_each_protocol(asked: Request, action: str) -> None:
    assert action_of(asked) == action


@pytest.mark.parametrize(
    "asked",
    [
        request("s3", "PUT", "/efr-input?policy="),
        request("s3", "GET", "/efr-input?inventory="),
        request("lambda", "GET", "/2015-03-31/functions"),
        Request(method="GET", target="/", headers={}),
    ],
)
def test_request_that_is_not_known_has_no_action(asked: Request) -> None:
    with pytest.raises(RequestNotUnderstood):
        action_of(asked)
