"""What Terraform asks of AWS, overheard on its way, as the actions that IAM knows."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final
from urllib.parse import parse_qs

from harness.aws.gate import Gate, Rights
from harness.aws.refusals import Answer
from harness.aws.requests import Request, RequestNotUnderstood

_SERVICE: Final = re.compile(r"Credential=[^/]+/\d{8}/[^/]*/([^/]+)/aws4_request")
_OTHERWISE: Final = {"monitoring": "cloudwatch"}
"""Services that sign with another name than their actions have."""
_OPERATION: Final = re.compile(r"/operation/(\w+)$")
_OF_BUCKETS: Final = {
    "accelerate": "GetAccelerateConfiguration",
    "acl": "GetBucketAcl",
    "cors": "GetBucketCORS",
    "encryption": "GetEncryptionConfiguration",
    "lifecycle": "GetLifecycleConfiguration",
    "location": "GetBucketLocation",
    "logging": "GetBucketLogging",
    "object-lock": "GetBucketObjectLockConfiguration",
    "ownershipControls": "GetBucketOwnershipControls",
    "policy": "GetBucketPolicy",
    "publicAccessBlock": "GetBucketPublicAccessBlock",
    "replication": "GetReplicationConfiguration",
    "requestPayment": "GetBucketRequestPayment",
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
    "website": "GetBucketWebsite",
}
_OF_NAMES: Final = (
    (re.compile(r"/hostedzone/\w+/rrset$"), "ListResourceRecordSets"),
    (re.compile(r"/hostedzone/\w+$"), "GetHostedZone"),
    (re.compile(r"/tags/"), "ListTagsForResource"),
)


class _Overhearing(Gate):
    """Passes everything on, and counts the actions."""

    def __init__(self, target: int, actions: Counter[str]) -> None:
        super().__init__(target, Rights(policies={}))
        self._actions = actions

    def answer(self, request: Request) -> Answer:
        self._actions[action_of(request)] += 1
        return super().answer(request)


@contextmanager
def overheard(*targets: int) -> Iterator[tuple[list[str], Counter[str]]]:
    """Yield addresses that lead to these ports, and the actions that are asked for there."""
    actions: Counter[str] = Counter()
    with ExitStack() as parts:
        gates = [parts.enter_context(_Overhearing(each, actions)) for each in targets]
        yield [gate.address for gate in gates], actions


def action_of(request: Request) -> str:
    """Return the action that a request asks for.

    Raises
    ------
    RequestNotUnderstood
        If it is none that is known here.
    """
    signed = _SERVICE.search(request.headers.get("authorization", ""))
    if signed is None:
        raise RequestNotUnderstood(f"{request.method} {request.target}")
    return f"{_OTHERWISE.get(signed[1], signed[1])}:{_operation(signed[1], request)}"


def _operation(service: str, request: Request) -> str:
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if request.is_query:
        return parse_qs(request.body.decode())["Action"][0]
    if named := _OPERATION.search(request.path):
        return named[1]
    if found := _reading(service, request):
        return found
    raise RequestNotUnderstood(f"{service}: {request.method} {request.target}")


def _reading(service: str, request: Request) -> str | None:
    """Return what a request without a body asks S3 or Route 53; None if it is none."""
    if service == "s3" and request.method == "HEAD":
        return "ListBucket"
    if request.method != "GET":
        return None
    if service == "s3":
        return next((_OF_BUCKETS[name] for name in request.query if name in _OF_BUCKETS), None)
    return next((action for path, action in _OF_NAMES if path.search(request.path)), None)
