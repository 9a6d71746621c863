"""Buckets and queues as they are found after the set-up."""

import json
from typing import Any

import pytest
from trial.localstack import LocalStack

from core.aws.clients import s3_client, sqs_client
from core.aws.provisioning import provision
from core.settings import Settings
from tests.support.worlds import own_names

DAY_S = 24 * 3600


def settings_of(localstack: LocalStack, **changes: object) -> Settings:
    names = own_names()
    names["sqs_index_queue_name"] = f"index-of-{names['sqs_req_queue_name']}"
    return localstack.settings(**(names | changes))


def attributes(settings: Settings, queue: str) -> dict[str, str]:
    sqs = sqs_client(settings)
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {str(name): value for name, value in found.items()}


def rules(settings: Settings, bucket: str) -> list[Any]:
    found = s3_client(settings).get_bucket_lifecycle_configuration(Bucket=bucket)
    return list(found["Rules"])


def test_both_job_queues_have_dead_letters_of_their_own(localstack: LocalStack) -> None:
    settings = settings_of(localstack, sqs_max_receive_count=3)

    provision(settings)

    for queue, dead_letters in (
        (settings.sqs_req_queue_name, settings.dead_letter_queue_name),
        (settings.sqs_index_queue_name, settings.index_dead_letter_queue_name),
    ):
        policy = json.loads(attributes(settings, queue)["RedrivePolicy"])
        arn = attributes(settings, dead_letters)["QueueArn"]
        assert policy["deadLetterTargetArn"] == arn
        assert int(policy["maxReceiveCount"]) == 3


def test_dead_letters_are_kept_longer_than_jobs(localstack: LocalStack) -> None:
    settings = settings_of(localstack)

    provision(settings)

    kept_s = {
        queue: int(attributes(settings, queue)["MessageRetentionPeriod"])
        for queue in settings.queues
    }
    assert kept_s[settings.dead_letter_queue_name] == 14 * DAY_S
    assert kept_s[settings.index_dead_letter_queue_name] == 14 * DAY_S
    assert kept_s[settings.sqs_index_queue_name] == 4 * DAY_S


def test_photos_and_results_expire_and_galleries_do_not(localstack: LocalStack) -> None:
    settings = settings_of(localstack, retention_days=7)

    provision(settings)

    for bucket in (settings.s3_in_bucket, settings.s3_out_bucket):
        (rule,) = rules(settings, bucket)
        assert rule["Status"] == "Enabled"
        assert rule["Expiration"]["Days"] == 7
        assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
    with pytest.raises(Exception, match="NoSuchLifecycleConfiguration"):
        rules(settings, settings.s3_gallery_bucket)


def test_running_again_brings_everything_to_the_new_settings(localstack: LocalStack) -> None:
    settings = settings_of(localstack)
    provision(settings)
    s3_client(settings).put_object(Bucket=settings.s3_in_bucket, Key="key", Body=b"a photo")

    changed = settings.model_copy(
        update={"retention_days": 2, "sqs_visibility_timeout_seconds": 90}
    )
    provision(changed)
    provision(changed)

    (rule,) = rules(settings, settings.s3_out_bucket)
    assert rule["Expiration"]["Days"] == 2
    for queue in (settings.sqs_req_queue_name, settings.sqs_index_queue_name):
        assert attributes(settings, queue)["VisibilityTimeout"] == "90"
    kept = s3_client(settings).get_object(Bucket=settings.s3_in_bucket, Key="key")
    assert kept["Body"].read() == b"a photo"
