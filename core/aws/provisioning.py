"""Makes the buckets and queues that the service needs; running it again changes nothing."""

import json
import logging
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from core.aws.clients import error_code, s3_client, sqs_client, unavailable_as
from core.errors import InvalidSettings, QueueUnavailable, StorageUnavailable
from core.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

log = logging.getLogger(__name__)

_RETENTION_S: Final = 4 * 24 * 3600
# SQS keeps a message's first enqueue time when it moves it: a dead-letter
# queue that forgot as fast as its source would lose what arrives late.
_DEAD_LETTER_RETENTION_S: Final = 14 * 24 * 3600


def provision(settings: Settings) -> None:
    """Create what is missing and set the queues' attributes.

    Raises
    ------
    StorageUnavailable, QueueUnavailable
        If S3 or SQS does not answer, or refuses.
    InvalidSettings
        If a bucket's name is taken: bucket names are global on AWS.
    """
    s3 = s3_client(settings)
    with unavailable_as(StorageUnavailable, "S3"):
        for bucket in (
            settings.s3_in_bucket,
            settings.s3_out_bucket,
            settings.s3_gallery_bucket,
        ):
            _create_bucket(s3, bucket, settings.aws_region)
        for bucket in (settings.s3_in_bucket, settings.s3_out_bucket):
            _expire_objects(s3, bucket, settings.retention_days)
    sqs = sqs_client(settings)
    with unavailable_as(QueueUnavailable, "SQS"):
        for name, dead_letters in (
            (settings.sqs_req_queue_name, settings.dead_letter_queue_name),
            (settings.sqs_index_queue_name, settings.index_dead_letter_queue_name),
        ):
            _create_queue_with_dead_letters(sqs, settings, name, dead_letters)
        _create_queue(
            sqs, settings.sqs_resp_queue_name, {"MessageRetentionPeriod": str(_RETENTION_S)}
        )


def _create_bucket(s3: "S3Client", bucket: str, region: str) -> None:
    try:
        if region == "us-east-1":  # S3 refuses to be told its default region
            s3.create_bucket(Bucket=bucket)
        else:
            s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
            )
    except ClientError as error:
        if error_code(error) == "BucketAlreadyExists":
            raise InvalidSettings(
                f"the bucket name {bucket} is another AWS account's: "
                "choose other names in S3_IN_BUCKET, S3_OUT_BUCKET and S3_GALLERY_BUCKET"
            ) from error
        if error_code(error) != "BucketAlreadyOwnedByYou":
            raise
    log.info("bucket is there", extra={"bucket": bucket})


def _expire_objects(s3: "S3Client", bucket: str, days: int) -> None:
    """Have S3 remove photos and results by itself, and what uploads that broke off left."""
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "retention",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Days": days},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
    )
    log.info("objects expire", extra={"bucket": bucket, "days": days})


def _create_queue_with_dead_letters(
    sqs: "SQSClient", settings: Settings, name: str, dead_letter_name: str
) -> None:
    dead_letters = _create_queue(
        sqs, dead_letter_name, {"MessageRetentionPeriod": str(_DEAD_LETTER_RETENTION_S)}
    )
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
    redrive = {
        "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
        "maxReceiveCount": settings.sqs_max_receive_count,
    }
    _create_queue(
        sqs,
        name,
        {
            "MessageRetentionPeriod": str(_RETENTION_S),
            "VisibilityTimeout": str(settings.sqs_visibility_timeout_seconds),
            "RedrivePolicy": json.dumps(redrive),
        },
    )


def _create_queue(
    sqs: "SQSClient", name: str, attributes: dict["QueueAttributeNameType", str]
) -> str:
    """Create a queue, or bring the one there is to these attributes; return its URL."""
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    except sqs.exceptions.QueueDoesNotExist:
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    log.info("queue is there", extra={"queue": name})
    return url
