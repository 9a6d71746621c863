"""The policies of the deployment, with the names of a service filled in."""

from pathlib import Path
from string import Template
from typing import Final

from core.settings import Settings
from harness.aws.policy import Policy
from harness.aws.requests import ACCOUNT, REGION
from harness.localstack import ROOT

FOLDER: Final = ROOT / "deploy" / "terraform" / "modules" / "identity" / "policies"
WEB: Final = "web"
WORKER: Final = "worker"
AUTOSCALER: Final = "autoscaler"
OPERATOR: Final = "operator"
SOURCES: Final = "sources"
PARTS: Final = (WEB, WORKER, AUTOSCALER, OPERATOR)
"""Those whose calls the service makes; ECS and an instance's start make those of the others."""


def template(part: str, folder: Path = FOLDER) -> str:
    """Return a policy as Terraform reads it."""
    return (folder / f"{part}.json.tftpl").read_text()


def names_of(settings: Settings, group: str) -> dict[str, str]:
    """Return what stands for the placeholders, as ``arns`` of Terraform does."""
    sqs = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
    groups = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName"
    return {
        "name": "efr",
        "partition": "aws",
        "region": REGION,
        "account_id": ACCOUNT,
        "input_bucket_arn": f"arn:aws:s3:::{settings.s3_in_bucket}",
        "output_bucket_arn": f"arn:aws:s3:::{settings.s3_out_bucket}",
        "gallery_bucket_arn": f"arn:aws:s3:::{settings.s3_gallery_bucket}",
        "request_queue_arn": f"{sqs}:{settings.sqs_req_queue_name}",
        "index_queue_arn": f"{sqs}:{settings.sqs_index_queue_name}",
        "webhook_queue_arn": f"{sqs}:{settings.sqs_webhook_queue_name}",
        "response_queue_arn": f"{sqs}:{settings.sqs_resp_queue_name}",
        "group_arn": f"{groups}/{group}",
    }


def rendered(part: str, names: dict[str, str]) -> str:
    """Return a policy with its placeholders filled in.

    Raises
    ------
    KeyError
        If there is none for one of them.
    """
    return Template(template(part)).substitute(names)


def policies_of(settings: Settings, group: str, albums: tuple[str, ...]) -> dict[str, Policy]:
    """Return the policies of a service; those who index albums may read these buckets, too."""
    names = names_of(settings, group)
    sources = [
        rendered(SOURCES, names | {"source_bucket_arn": f"arn:aws:s3:::{bucket}"})
        for bucket in albums
    ]
    return {
        part: Policy.parsed(rendered(part, names), *(sources if part in (WEB, WORKER) else ()))
        for part in PARTS
    }
