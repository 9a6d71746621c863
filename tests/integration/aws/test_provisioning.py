"""Buckets and queues as they are found after the set-up."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from core.aws.clients import s3_client, sqs_client
from core.aws.provisioning import provision
from core.bootstrap import at_start
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.errors import InvalidSettings
from core.settings import Settings
from harness.faults.http_proxy import HttpProxy, Refusal
from harness.localstack import LocalStack, free_port
from harness.processes import environment
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.photos import ROOT

DAY_S = 24 * 3600
COULD_NOT_BE_READ = "bucket of ALLOWED_BUCKETS could not be read"


def settings_of(localstack: LocalStack, **changes: object) -> Settings:
    names = own_names()
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
        (settings.sqs_webhook_queue_name, settings.webhook_dead_letter_queue_name),
    ):
        policy = json.loads(attributes(settings, queue)["RedrivePolicy"])
        arn = attributes(settings, dead_letters)["QueueArn"]
        assert policy["deadLetterTargetArn"] == arn
        assert int(policy["maxReceiveCount"]) == 3


def test_set_up_of_another_deployment_needs_its_file_alone(
    localstack: LocalStack, tmp_path: Path
) -> None:
    settings = settings_of(localstack)
    file = tmp_path / "aws.env"
    told = environment(settings, {})
    file.write_text("".join(f"{name}={told[name]}\n" for name in sorted(told) if told[name]))
    home = {"STORAGE": f"file://{tmp_path}", "QUEUE": f"sqlite://{tmp_path}/queues"}

    done = subprocess.run(
        [sys.executable, "scripts/init_aws.py", "--settings", file],
        cwd=ROOT,
        env={"PATH": told["PATH"], **home},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
    for bucket in settings.buckets:
        s3_client(settings).head_bucket(Bucket=bucket)


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

    for bucket in settings.buckets:
        retention, markers = rules(settings, bucket)
        assert retention["Status"] == markers["Status"] == "Enabled"
        kept_days = None if bucket == settings.s3_gallery_bucket else 7
        assert retention.get("Expiration", {}).get("Days") == kept_days
        assert retention["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1


def test_old_versions_and_delete_markers_expire(localstack: LocalStack) -> None:
    settings = settings_of(localstack)

    provision(settings)

    for bucket in settings.buckets:
        retention, markers = rules(settings, bucket)
        assert retention["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
        assert markers["Expiration"] == {"ExpiredObjectDeleteMarker": True}


def test_rules_of_others_stay(localstack: LocalStack) -> None:
    settings = settings_of(localstack)
    theirs = {
        "ID": "retention",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 400},
    }
    s3 = s3_client(settings)
    s3.create_bucket(Bucket=settings.s3_in_bucket)
    s3.put_bucket_lifecycle_configuration(
        Bucket=settings.s3_in_bucket,
        LifecycleConfiguration={"Rules": [theirs]},  # type: ignore[list-item]
    )

    provision(settings)
    provision(settings)

    assert len(rules(settings, settings.s3_in_bucket)) == 3
    assert theirs in rules(settings, settings.s3_in_bucket)


def test_rule_of_an_earlier_set_up_is_replaced(localstack: LocalStack) -> None:
    settings = settings_of(localstack, retention_days=7)
    s3 = s3_client(settings)
    s3.create_bucket(Bucket=settings.s3_in_bucket)
    s3.put_object(Bucket=settings.s3_in_bucket, Key="key", Body=b"a photo")
    s3.put_bucket_lifecycle_configuration(
        Bucket=settings.s3_in_bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "retention",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Days": 30},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
    )

    provision(settings)

    retention, _ = rules(settings, settings.s3_in_bucket)
    assert retention["Expiration"] == {"Days": 7}


@pytest.mark.parametrize("setting", ["s3_in_bucket", "s3_out_bucket", "s3_gallery_bucket"])
@pytest.mark.parametrize("deleted", [False, True])
def test_bucket_with_objects_of_others_is_refused_and_left_as_it_is(
    localstack: LocalStack, setting: str, deleted: bool
) -> None:
    settings = settings_of(localstack)
    bucket = getattr(settings, setting)
    s3 = s3_client(settings)
    s3.create_bucket(Bucket=bucket)
    if deleted:  # its owner can still have it back
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="theirs", Body=b"")
    if deleted:
        s3.delete_object(Bucket=bucket, Key="theirs")

    with pytest.raises(InvalidSettings, match=f"{bucket} holds objects .*--adopt"):
        provision(settings)

    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        rules(settings, bucket)
    there = {each["Name"] for each in s3.list_buckets()["Buckets"]} & set(settings.buckets)
    assert there == {bucket}


def test_adopted_bucket_keeps_its_objects_and_gets_the_rules(localstack: LocalStack) -> None:
    settings = settings_of(localstack)
    s3 = s3_client(settings)
    s3.create_bucket(Bucket=settings.s3_in_bucket)
    s3.put_object(Bucket=settings.s3_in_bucket, Key="theirs", Body=b"")

    provision(settings, adopt=True)
    provision(settings)  # it is ours now

    assert s3.head_object(Bucket=settings.s3_in_bucket, Key="theirs")
    assert len(rules(settings, settings.s3_in_bucket)) == 2


@pytest.mark.parametrize(
    "setting",
    [
        "sqs_req_queue_name",
        "dead_letter_queue_name",
        "sqs_index_queue_name",
        "index_dead_letter_queue_name",
        "sqs_webhook_queue_name",
        "webhook_dead_letter_queue_name",
        "sqs_resp_queue_name",
    ],
)
def test_queue_of_others_is_refused_and_left_as_it_is(localstack: LocalStack, setting: str) -> None:
    settings = settings_of(localstack)
    queue = getattr(settings, setting)
    sqs_client(settings).create_queue(
        QueueName=queue, Attributes={"MessageRetentionPeriod": "600", "DelaySeconds": "3"}
    )
    before = attributes(settings, queue)

    with pytest.raises(InvalidSettings, match=f"queue {queue} .*--adopt"):
        provision(settings)

    assert attributes(settings, queue) == before


def test_adopted_queue_gets_the_attributes_that_matter_and_keeps_the_others(
    localstack: LocalStack,
) -> None:
    settings = settings_of(localstack)
    queue = settings.sqs_req_queue_name
    sqs_client(settings).create_queue(
        QueueName=queue, Attributes={"MessageRetentionPeriod": "600", "DelaySeconds": "3"}
    )

    provision(settings, adopt=True)
    provision(settings.model_copy(update={"sqs_visibility_timeout_seconds": 90}))  # ours now

    found = attributes(settings, queue)
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("90", "3")
    assert found["MessageRetentionPeriod"] == str(4 * DAY_S)


def test_second_run_writes_nothing_to_the_queues(localstack: LocalStack) -> None:
    settings = settings_of(localstack)
    provision(settings)
    before = {queue: attributes(settings, queue) for queue in settings.queues}

    provision(settings)

    assert {queue: attributes(settings, queue) for queue in settings.queues} == before


def test_versioned_buckets_are_named(localstack: LocalStack) -> None:
    settings = settings_of(localstack)
    assert provision(settings) == []
    for status, bucket in (
        ("Enabled", settings.s3_in_bucket),
        ("Suspended", settings.s3_gallery_bucket),
    ):
        s3_client(settings).put_bucket_versioning(
            Bucket=bucket,
            VersioningConfiguration={"Status": status},  # type: ignore[typeddict-item]
        )

    assert provision(settings) == [settings.s3_in_bucket, settings.s3_gallery_bucket]


def test_processes_tell_of_versioned_buckets_when_they_start(
    localstack: LocalStack, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(localstack)
    provision(settings)
    s3_client(settings).put_bucket_versioning(
        Bucket=settings.s3_out_bucket, VersioningConfiguration={"Status": "Enabled"}
    )

    at_start.tell_of_versions(Shared(settings, Infrastructure.on_aws(settings)))

    wait_until(
        lambda: any(each.levelname == "WARNING" for each in caplog.records), what="the warning"
    )
    (record,) = (each for each in caplog.records if each.levelname == "WARNING")
    assert record.message == "bucket keeps versions"
    assert vars(record)["bucket"] == settings.s3_out_bucket


def test_processes_tell_of_callers_buckets_that_can_not_be_read(
    localstack: LocalStack, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(localstack, allowed_buckets=("no-such-album", "refused-album", "album"))
    s3_client(settings).create_bucket(Bucket="refused-album")
    s3_client(settings).create_bucket(Bucket="album")
    with HttpProxy(localstack.port, free_port()) as proxy:
        proxy.refuse(Refusal(what="^HEAD /refused-album"))

        seen = settings.model_copy(update={"aws_endpoint_url": proxy.address})
        at_start.tell_of_sources(Shared(seen, Infrastructure.on_aws(seen)))

        wait_until(lambda: proxy.asked["HEAD /album"] > 0, what="a look at the last bucket")

    warnings = [vars(each) for each in caplog.records if each.levelname == "WARNING"]
    assert [(each["message"], each["bucket"], each["reason"]) for each in warnings] == [
        (COULD_NOT_BE_READ, "no-such-album", "it does not exist"),
        (COULD_NOT_BE_READ, "refused-album", "S3 refuses to show it (403)"),
    ]


def test_running_again_brings_everything_to_the_new_settings(localstack: LocalStack) -> None:
    settings = settings_of(localstack)
    provision(settings)
    s3_client(settings).put_object(Bucket=settings.s3_in_bucket, Key="key", Body=b"a photo")

    changed = settings.model_copy(
        update={"retention_days": 2, "sqs_visibility_timeout_seconds": 90}
    )
    provision(changed)
    provision(changed)

    rule, _ = rules(settings, settings.s3_out_bucket)
    assert rule["Expiration"]["Days"] == 2
    for queue in (settings.sqs_req_queue_name, settings.sqs_index_queue_name):
        assert attributes(settings, queue)["VisibilityTimeout"] == "90"
    kept = s3_client(settings).get_object(Bucket=settings.s3_in_bucket, Key="key")
    assert kept["Body"].read() == b"a photo"
