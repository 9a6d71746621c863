"""What tests ask of the service's processes."""

import boto3

from core.settings import Settings
from harness.localstack import free_port
from tests.support.models import models_dir


class Counts:
    """How much lies in the queues and buckets, asked directly."""

    def __init__(self, settings: Settings) -> None:
        assert settings.aws_secret_access_key is not None
        session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
        )
        self._settings = settings
        self._sqs = session.client("sqs", endpoint_url=settings.aws_endpoint_url)
        self._s3 = session.client("s3", endpoint_url=settings.aws_endpoint_url)

    def visible(self) -> int:
        return self._messages("ApproximateNumberOfMessages")

    def in_flight(self) -> int:
        return self._messages("ApproximateNumberOfMessagesNotVisible")

    def objects(self, bucket: str) -> int:
        return int(self._s3.list_objects_v2(Bucket=bucket)["KeyCount"])

    def left(self) -> int:
        """Count the messages and the uploaded photos."""
        return self.visible() + self.in_flight() + self.objects(self._settings.s3_in_bucket)

    def _messages(self, attribute: str) -> int:
        url = self._sqs.get_queue_url(QueueName=self._settings.sqs_req_queue_name)["QueueUrl"]
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])  # type: ignore[list-item]
        return int(answer["Attributes"][attribute])  # type: ignore[index]


def settings_of(**changes: object) -> dict[str, object]:
    """Return settings that suit a test: short times and a free port."""
    return {
        "web_host": "127.0.0.1",
        "web_port": free_port(),
        "web_processes": 1,
        "worker_processes": 1,
        "sqs_wait_time_seconds": 1,
        "sqs_visibility_timeout_seconds": 4,
        "visibility_heartbeat_seconds": 1,
        "retry_backoff_seconds": 1,
        "dead_letter_sweep_seconds": 1,
        "gallery_refresh_seconds": 0.5,
        "face_models_dir": models_dir(),
        **changes,
    }
