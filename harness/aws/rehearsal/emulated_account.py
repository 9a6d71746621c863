"""An account of AWS that is emulated: LocalStack for S3 and SQS, moto's server for the rest."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3

from harness.aws.moto_server import MotoServer, moto_server
from harness.aws.rehearsal.inventory import inventory
from harness.aws.requests import REGION
from harness.localstack import LocalStack

ACCOUNT: Final = "123456789012"
"""Both emulators take the account from a key whose id looks like one."""
ZONE: Final = "example.org"


@dataclass(frozen=True, kw_only=True)
class EmulatedAccount:
    """The account while it runs."""

    localstack: LocalStack
    moto: MotoServer
    zone_id: str

    def variables(self) -> dict[str, str]:
        """Return the variables with which a program of AWS's reaches it."""
        return {
            "AWS_ENDPOINT_URL": self.moto.address,
            "AWS_ENDPOINT_URL_S3": self.localstack.address,
            "AWS_ENDPOINT_URL_SQS": self.localstack.address,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """Return boto3's client of one of its services."""
        at = self.localstack if service in ("s3", "sqs") else self.moto
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=at.address,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",  # noqa: S106 - the emulators'
        )

    def inventory(self) -> Counter[str]:
        """Count what there is, by service and kind."""
        return inventory(self.client, self.zone_id)

    def secret(self, parameter: str) -> str:
        """Return what a parameter of SSM holds."""
        found = self.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
        return str(found["Parameter"]["Value"])

    def policies_of(self, role: str) -> list[str]:
        """Return the policies of a role as JSON: its own, and those of AWS that it has."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        own = [iam.get_role_policy(RoleName=role, PolicyName=name) for name in names]
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        others = [_default_version(iam, each["PolicyArn"]) for each in attached]
        return [_written(each["PolicyDocument"]) for each in own] + others


def _default_version(iam: Any, arn: str) -> str:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return _written(found["PolicyVersion"]["Document"])


def _written(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


@contextmanager
def emulated_account(folder: Path) -> Iterator[EmulatedAccount]:
    """Run both emulators while the block runs; there is a zone, as a name of one's own needs."""
    with ExitStack() as parts:
        localstack = LocalStack(folder / "localstack").start()
        parts.callback(localstack.stop)
        moto = parts.enter_context(moto_server(folder / "moto"))
        zone = moto.client("route53").create_hosted_zone(Name=ZONE, CallerReference="rehearsal")
        zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
        yield EmulatedAccount(localstack=localstack, moto=moto, zone_id=zone_id)
