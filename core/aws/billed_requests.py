"""Counts the requests to S3 and SQS by what AWS bills them as, repeated ones too."""

from typing import Any, Final

from core.host.metrics import metrics

_S3_WRITES: Final = (
    "Put",
    "Copy",
    "Post",
    "List",
    "CreateMultipart",
    "UploadPart",
    "CompleteMultipart",
)
"""What S3 bills as PUT, COPY, POST or LIST; DELETE is free, and all others are as GET."""


def count(service: str, operation: str) -> None:
    """Count a request, such as ``GetObject`` of ``s3``."""
    metrics().aws_requests.labels(service, billed_as(service, operation)).inc()


def count_requests_of(client: Any) -> None:
    """Count each request that a client of boto3's sends from now on."""
    client.meta.events.register("before-send", _note)


def _note(event_name: str, **_: object) -> None:
    service, operation = event_name.split(".")[1:]
    count(service, operation)


def billed_as(service: str, operation: str) -> str:
    """Return ``write``, ``read`` or ``free`` for S3, and ``any`` for SQS, which bills all alike."""
    if service != "s3":
        return "any"
    if operation.startswith("Delete"):
        return "free"
    return "write" if operation.startswith(_S3_WRITES) else "read"
