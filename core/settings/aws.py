"""Settings of AWS: how it is reached, buckets and queues."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from core.settings.values import (
    AllowedBucket,
    AwsKey,
    BucketName,
    Listed,
    Pause,
    QueueName,
    Url,
)


class AwsSettings(BaseModel):
    """How AWS is reached, and the names of buckets and queues."""

    aws_endpoint_url: Url | None = None
    """Address of LocalStack; none means the real AWS."""
    aws_endpoint_url_s3: Url | None = None
    """Address of a store in the place of S3, instead of the common one."""
    aws_endpoint_url_sqs: Url | None = None
    """Address of queues in the place of SQS, instead of the common one."""
    aws_region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$")
    aws_access_key_id: AwsKey | None = None
    aws_secret_access_key: AwsKey | None = None
    aws_session_token: AwsKey | None = None

    s3_in_bucket: BucketName = "input-bucket"
    s3_out_bucket: BucketName = "output-bucket"
    s3_gallery_bucket: BucketName = "gallery-bucket"

    allowed_buckets: Listed[AllowedBucket] = ()
    """Buckets from which callers may name photos by key, separated by commas; those of a tenant
    have its name and a colon before them."""
    retention_days: int = Field(default=30, ge=1, le=3650)
    """Age at which uploaded photos and results are removed."""

    sqs_req_queue_name: QueueName = "request-queue"
    sqs_index_queue_name: QueueName = "index-queue"
    """Bulk indexing, so that an album never delays one person's upload."""
    sqs_webhook_queue_name: QueueName = "webhook-queue"
    """Events on their way to the receivers of webhooks."""
    sqs_resp_queue_name: QueueName = "response-queue"
    sqs_resp_enabled: bool = False
    """Copy every result to the response queue too, for debugging."""
    sqs_wait_time_seconds: int = Field(default=10, ge=0, le=20)
    sqs_visibility_timeout_seconds: int = Field(default=60, ge=1, le=43_200)
    sqs_max_receive_count: int = Field(default=5, ge=1, le=1000)
    visibility_heartbeat_seconds: Pause = 20
    """How often the visibility of a running job is extended; 0 turns it off."""

    @property
    def s3_endpoint(self) -> str | None:
        """Address of what takes the place of S3; None for S3 itself."""
        return self.aws_endpoint_url_s3 or self.aws_endpoint_url

    @property
    def sqs_endpoint(self) -> str | None:
        """Address of what takes the place of SQS; None for SQS itself."""
        return self.aws_endpoint_url_sqs or self.aws_endpoint_url

    @property
    def endpoints(self) -> str:
        """Where S3 and SQS are, in words."""
        aws = f"AWS itself, region {self.aws_region}"
        s3, sqs = self.s3_endpoint or aws, self.sqs_endpoint or aws
        return f"S3 and SQS: {s3}" if s3 == sqs else f"S3: {s3}; SQS: {sqs}"

    @property
    def dead_letter_queue_name(self) -> str:
        return f"{self.sqs_req_queue_name}-dlq"

    @property
    def index_dead_letter_queue_name(self) -> str:
        return f"{self.sqs_index_queue_name}-dlq"

    @property
    def webhook_dead_letter_queue_name(self) -> str:
        return f"{self.sqs_webhook_queue_name}-dlq"

    @property
    def buckets(self) -> tuple[str, str, str]:
        """Input, output and gallery."""
        return (self.s3_in_bucket, self.s3_out_bucket, self.s3_gallery_bucket)

    def buckets_of_callers(self, tenant: str) -> tuple[str, ...]:
        """Return the buckets from which a tenant's callers may name photos."""
        named = (each.rpartition(":") for each in self.allowed_buckets)
        return tuple(bucket for owner, _, bucket in named if owner == tenant)

    @property
    def queues(self) -> tuple[str, ...]:
        """Requests, index jobs, events, the dead letters of these, and responses."""
        return (
            self.sqs_req_queue_name,
            self.dead_letter_queue_name,
            self.sqs_index_queue_name,
            self.index_dead_letter_queue_name,
            self.sqs_webhook_queue_name,
            self.webhook_dead_letter_queue_name,
            self.sqs_resp_queue_name,
        )

    @model_validator(mode="after")
    def _check_aws(self) -> Self:
        visibility_s = self.sqs_visibility_timeout_seconds
        heartbeat_s = self.visibility_heartbeat_seconds
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ValueError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together")
        for names, variables in ((self.buckets, "S3_*_BUCKET"), (self.queues, "SQS_*_QUEUE_NAME")):
            if len(set(names)) < len(names):
                raise ValueError(f"{variables}: the names must differ, not {', '.join(names)}")
        if heartbeat_s >= visibility_s:
            raise ValueError(
                f"VISIBILITY_HEARTBEAT_SECONDS ({heartbeat_s:g}) must be under "
                f"SQS_VISIBILITY_TIMEOUT_SECONDS ({visibility_s})"
            )
        return self
