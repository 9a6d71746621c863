"""What requests to AWS ask to do, as IAM sees it.

References
----------
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

from harness.aws.policy import Call

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"
_SQS_TARGET: Final = "AmazonSQS."
_BATCH: Final = "Batch"
_OF_BUCKETS: Final = {
    ("GET", "versioning"): "s3:GetBucketVersioning",
    ("GET", "versions"): "s3:ListBucketVersions",
    ("GET", "lifecycle"): "s3:GetLifecycleConfiguration",
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
}
_OF_OBJECTS: Final = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "POST": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}
_OF_VERSIONS: Final = {
    "GET": "s3:GetObjectVersion",
    "HEAD": "s3:GetObjectVersion",
    "DELETE": "s3:DeleteObjectVersion",
}
_OF_UPLOADS: Final = {
    "GET": "s3:ListMultipartUploadParts",
    "DELETE": "s3:AbortMultipartUpload",
}
_WITHOUT_RESOURCES: Final = ("autoscaling:Describe",)


class RequestNotUnderstood(Exception):
    """Raised for a request of which it is not known what rights AWS asks for."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of HTTP, with names of headers in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def is_s3(self) -> bool:
        return "x-amz-target" not in self.headers and not self.is_query

    @property
    def is_query(self) -> bool:
        """Tell whether an action and its parameters stand in a form."""
        return "x-www-form-urlencoded" in self.headers.get("content-type", "")

    @property
    def signer(self) -> str:
        """Return the id of the key that signed it; empty if none did."""
        signed = f"{self.headers.get('authorization', '')} {unquote(self.target)}"
        found = re.search(r"Credential=([^/]+)/", signed)
        if found is None and "form-data" in self.headers.get("content-type", ""):
            found = re.search(r"([^\s/]+)/\d{8}/[^/]+/s3/aws4_request", self.body.decode("latin1"))
        return found[1] if found else ""


def calls_of(request: Request, account: str = ACCOUNT) -> list[Call]:
    """Return all that must be allowed for a request to be answered in an account.

    Raises
    ------
    RequestNotUnderstood
        If it is none of those that are known here.
    """
    if request.is_s3:
        return _of_s3(request)
    if request.is_query:
        return _of_auto_scaling(parse_qs(request.body.decode()), account)
    target = request.headers["x-amz-target"]
    if not target.startswith(_SQS_TARGET):
        raise RequestNotUnderstood(target)
    return _of_sqs(target.removeprefix(_SQS_TARGET), json.loads(request.body), account)


def listing_of(call: Call) -> Call:
    """Return what decides whether S3 says of an object that it is not there, or that it may not."""
    bucket = call.resource.partition("/")[0]
    return Call(action="s3:ListBucket", resource=bucket)


def _of_s3(request: Request) -> list[Call]:
    bucket, _, key = request.path.removeprefix("/").partition("/")
    if not bucket:
        raise RequestNotUnderstood(f"{request.method} /")
    if not key:
        return _of_bucket(request, bucket)
    query = request.query
    if "uploadId" in query and request.method in _OF_UPLOADS:
        return [_on_object(_OF_UPLOADS[request.method], bucket, key)]
    if "versionId" in query:
        return [_on_object(_OF_VERSIONS[request.method], bucket, key)]
    calls = [_on_object(_OF_OBJECTS[request.method], bucket, key)]
    if request.method == "PUT" and "if-match" in request.headers:
        calls.append(_on_object("s3:GetObject", bucket, key))
    if source := request.headers.get("x-amz-copy-source"):
        origin, _, there = unquote(source).removeprefix("/").partition("/")
        calls.append(_on_object("s3:GetObject", origin, there))
    return calls


def _of_bucket(request: Request, bucket: str) -> list[Call]:
    if request.method == "POST":
        if "delete" in request.query:
            return _of_deletes(bucket, request.body)
        return [_on_object("s3:PutObject", bucket, _form_key(request.body))]
    for (method, name), action in _OF_BUCKETS.items():
        if request.method == method and name in request.query:
            return [_on_bucket(action, bucket)]
    listed = {"list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after"}
    listed |= {"encoding-type", "x-id", "marker"}
    if request.method in ("GET", "HEAD") and set(request.query) <= listed:
        return [_on_bucket("s3:ListBucket", bucket)]
    raise RequestNotUnderstood(f"{request.method} {request.target}")


def _of_deletes(bucket: str, body: bytes) -> list[Call]:
    found = []
    for each in ElementTree.fromstring(body).findall("{*}Object"):  # noqa: S314 - our own
        action = "s3:DeleteObject" if each.find("{*}VersionId") is None else _OF_VERSIONS["DELETE"]
        found.append(_on_object(action, bucket, each.findtext("{*}Key", "")))
    return found


def _form_key(body: bytes) -> str:
    found = re.search(r'name="key"\r\n\r\n([^\r]*)\r\n', body.decode("utf-8", "replace"))
    if found is None:
        raise RequestNotUnderstood("a form without a key")
    return found[1]


def _of_sqs(operation: str, asked: dict[str, Any], account: str) -> list[Call]:
    if operation == "StartMessageMoveTask":
        moved = ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
        return [
            *(Call(action=f"sqs:{action}", resource=asked["SourceArn"]) for action in moved),
            Call(action="sqs:SendMessage", resource=asked["DestinationArn"]),
        ]
    name = asked.get("QueueName") or str(asked.get("QueueUrl", "")).rpartition("/")[2]
    arn = asked.get("SourceArn") or f"arn:aws:sqs:{REGION}:{account}:{name}"
    return [Call(action=f"sqs:{operation.removesuffix(_BATCH)}", resource=arn)]


def _of_auto_scaling(asked: dict[str, list[str]], account: str) -> list[Call]:
    action = f"autoscaling:{asked['Action'][0]}"
    if action.startswith(_WITHOUT_RESOURCES):
        return [Call(action=action, resource="*")]
    group = asked["AutoScalingGroupName"][0]
    arn = f"arn:aws:autoscaling:{REGION}:{account}:autoScalingGroup:00000000:autoScalingGroupName"
    return [Call(action=action, resource=f"{arn}/{group}")]


def _on_object(action: str, bucket: str, key: str) -> Call:
    return Call(action=action, resource=f"arn:aws:s3:::{bucket}/{key}")


def _on_bucket(action: str, bucket: str) -> Call:
    return Call(action=action, resource=f"arn:aws:s3:::{bucket}")
