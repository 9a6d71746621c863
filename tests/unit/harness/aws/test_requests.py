"""Which rights AWS asks for, by what a request looks like."""

import json

import pytest

from harness.aws.policy import Call
from harness.aws.requests import ACCOUNT, Request, RequestNotUnderstood, calls_of

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
FORM = b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\na/b.jpg\r\n--x--\r\n'


def s3(method: str, target: str, body: bytes = b"", **headers: str) -> list[tuple[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(method=method, target=target, headers=named, body=body)
    return [
        (call.action, call.resource.removeprefix("arn:aws:s3:::")) for call in calls_of(request)
    ]


@pytest.mark.parametrize(
    ("method", "target", "asked"),
    [
        ("GET", "/b/a%20b/c.jpg", [("s3:GetObject", "b/a b/c.jpg")]),
        ("HEAD", "/b/k", [("s3:GetObject", "b/k")]),
        ("GET", "/b/k?versionId=1", [("s3:GetObjectVersion", "b/k")]),
        ("PUT", "/b/k", [("s3:PutObject", "b/k")]),
        ("DELETE", "/b/k", [("s3:DeleteObject", "b/k")]),
        ("DELETE", "/b/k?versionId=1", [("s3:DeleteObjectVersion", "b/k")]),
        ("POST", "/b/k?uploads", [("s3:PutObject", "b/k")]),
        ("PUT", "/b/k?partNumber=1&uploadId=u", [("s3:PutObject", "b/k")]),
        ("DELETE", "/b/k?uploadId=u", [("s3:AbortMultipartUpload", "b/k")]),
        ("HEAD", "/b", [("s3:ListBucket", "b")]),
        ("GET", "/b?list-type=2&prefix=a%2F", [("s3:ListBucket", "b")]),
        ("GET", "/b?versions&prefix=a", [("s3:ListBucketVersions", "b")]),
        ("GET", "/b?versioning", [("s3:GetBucketVersioning", "b")]),
    ],
)
def test_request_of_s3_asks_for_these(
    method: str, target: str, asked: list[tuple[str, str]]
) -> None:
    assert s3(method, target) == asked


def test_write_over_a_known_version_asks_to_read_too() -> None:
    assert s3("PUT", "/b/k", if_match='"v"') == [("s3:PutObject", "b/k"), ("s3:GetObject", "b/k")]
    assert s3("PUT", "/b/k", if_none_match="*") == [("s3:PutObject", "b/k")]


def test_delete_of_many_asks_for_each_key_and_version() -> None:
    body = (
        b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
        b"<Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>"
    )

    asked = [("s3:DeleteObject", "b/a"), ("s3:DeleteObjectVersion", "b/b")]
    assert s3("POST", "/b?delete", body) == asked


def test_form_asks_for_the_key_in_its_fields() -> None:
    kind = "multipart/form-data; boundary=x"

    assert s3("POST", "/b", FORM, content_type=kind) == [("s3:PutObject", "b/a/b.jpg")]


def sqs(operation: str, **asked: str) -> list[Call]:
    headers = {"x-amz-target": f"AmazonSQS.{operation}"}
    body = json.dumps(asked).encode()
    return calls_of(Request(method="POST", target="/", headers=headers, body=body))


def test_batches_of_messages_need_the_right_of_one() -> None:
    url = f"http://localhost/{ACCOUNT}/jobs"

    assert sqs("SendMessageBatch", QueueUrl=url) == [Call(action="sqs:SendMessage", resource=QUEUE)]
    assert sqs("GetQueueUrl", QueueName="jobs") == [Call(action="sqs:GetQueueUrl", resource=QUEUE)]


def test_moving_dead_letters_needs_the_rights_on_both_queues() -> None:
    asked = sqs("StartMessageMoveTask", SourceArn=f"{QUEUE}-dlq", DestinationArn=QUEUE)

    assert Call(action="sqs:SendMessage", resource=QUEUE) in asked
    assert Call(action="sqs:ReceiveMessage", resource=f"{QUEUE}-dlq") in asked


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("SetDesiredCapacity", "autoScalingGroupName/workers"),
        ("DescribeAutoScalingGroups", "*"),
    ],
)
def test_group_is_named_where_aws_can_name_it(action: str, resource: str) -> None:
    body = f"Action={action}&AutoScalingGroupName=workers".encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = Request(method="POST", target="/", headers=headers, body=body)

    ((call),) = calls_of(request)
    assert call.action == f"autoscaling:{action}"
    assert call.resource.endswith(resource)


@pytest.mark.parametrize("target", ["/", "/b?acl", "/b?policy"])
def test_request_that_is_not_known_is_not_judged(target: str) -> None:
    with pytest.raises(RequestNotUnderstood):
        s3("GET", target)


def test_signer_is_found_in_headers_urls_and_forms() -> None:
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=web/20261201/us-east-1/s3/aws4_request"}
    url = "/b/k?X-Amz-Credential=web%2F20261201%2Fus-east-1%2Fs3%2Faws4_request"
    form = b"web/20261201/us-east-1/s3/aws4_request\r\n"
    kind = {"content-type": "multipart/form-data; boundary=x"}

    assert Request(method="GET", target="/b/k", headers=signed).signer == "web"
    assert Request(method="GET", target=url.replace("X-Amz-", ""), headers={}).signer == "web"
    assert Request(method="POST", target="/b", headers=kind, body=form).signer == "web"
    assert Request(method="GET", target="/b/k", headers={}).signer == ""
