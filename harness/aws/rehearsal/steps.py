"""What the service does on what Terraform made."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

from botocore.exceptions import ClientError

from harness.aws.caller import expect
from harness.aws.rehearsal.deployed import Deployed
from harness.aws.rehearsal.emulated_account import EmulatedAccount
from harness.localstack import ROOT
from harness.waiting import wait_until
from scripts.samples import SAMPLES
from scripts.smoke import smoke, upload

_PATIENCE_S: Final = 120
_MOST_PHOTOS: Final = 200
PHOTO: Final = SAMPLES / "Joe Biden" / "biden.jpg"
_OF_BUCKETS: Final = (
    "get_bucket_lifecycle_configuration",
    "get_bucket_versioning",
    "get_bucket_encryption",
    "get_bucket_policy",
    "get_bucket_cors",
    "get_bucket_tagging",
    "get_public_access_block",
)


def provisioning(deployed: Deployed, account: EmulatedAccount) -> int:
    """Run init_aws.py; fail if it changes what Terraform made; return how much was compared."""
    before = _state(account)
    done = subprocess.run(
        [sys.executable, "scripts/init_aws.py"],
        cwd=ROOT,
        env=deployed.operator_variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    expect(done.returncode == 0, f"init_aws.py to work, not {done.stderr}")
    after = _state(account)
    changed = [name for name in after if after[name] != before.get(name)]
    expect(after == before, f"init_aws.py to change nothing, not {changed}")
    return len(after)


def scaling(deployed: Deployed) -> int:
    """Have the autoscaler bring instances for photos, and end them; return how many there were."""
    wait_until(lambda: deployed.group()["DesiredCapacity"] == 0, what="an empty group")
    key = deployed.operator("keys", "create", "rehearsal", "--admin").split()[0]
    headers = {"Authorization": f"Bearer {key}", "Host": deployed.host}
    most = _fill(deployed, headers)
    wait_until(lambda: deployed.group()["Instances"], what="an instance")
    deployed.start_worker(deployed.group()["Instances"][0]["InstanceId"])
    smoke(deployed.address, headers=headers, environment=deployed.operator_variables())
    wait_until(
        lambda: deployed.group()["DesiredCapacity"] == 0,
        seconds=_PATIENCE_S,
        what="no instance once all is done",
    )
    return most


def _fill(deployed: Deployed, headers: dict[str, str]) -> int:
    """Upload photos until several instances are wanted; return how many."""
    later = {**headers, "Prefer": "respond-async"}
    wanted = 0
    for _ in range(_MOST_PHOTOS):
        upload(deployed.address, PHOTO, later).raise_for_status()
        wanted = int(deployed.group()["DesiredCapacity"])
        if wanted > 1:
            break
    expect(wanted > 1, "more than one instance for many photos")
    return wanted


def _state(account: EmulatedAccount) -> dict[str, Any]:
    """Return all that init_aws.py might change, by name."""
    return {**dict(_buckets(account)), **dict(_queues(account))}


def _buckets(account: EmulatedAccount) -> Iterator[tuple[str, Any]]:
    with closing(account.client("s3")) as s3:
        for bucket in s3.list_buckets()["Buckets"]:
            for ask in _OF_BUCKETS:
                yield f"{bucket['Name']} {ask}", _answer(getattr(s3, ask), bucket["Name"])


def _answer(ask: Callable[..., Any], bucket: str) -> Any:
    try:
        answer = ask(Bucket=bucket)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _queues(account: EmulatedAccount) -> Iterator[tuple[str, Any]]:
    with closing(account.client("sqs")) as sqs:
        for url in sqs.list_queues()["QueueUrls"]:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            lasting = {k: v for k, v in found.items() if not k.startswith("Approximate")}
            lasting.pop("LastModifiedTimestamp", None)
            yield url, (lasting, sqs.list_queue_tags(QueueUrl=url).get("Tags"))
