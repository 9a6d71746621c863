"""One bucket of the service: made, or taken over with what others have set left as it is."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from core.aws.clients import error_code
from core.errors import InvalidSettings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_RETENTION: Final = "efr-retention"
_MARKERS: Final = "efr-delete-markers"
_OF_EARLIER_VERSIONS: Final = "retention"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket as the service wants it; objects expire after ``days``, or never."""

    client: "S3Client"
    name: str
    region: str
    days: int | None

    def check(self) -> None:
        """Raise ``InvalidSettings`` if it holds what this service's set-up did not make room for.

        It is known by the lifecycle rule that the set-up leaves.
        """
        if not self._exists() or any(_is_ours(rule) for rule in self._lifecycle()["Rules"]):
            return
        found = self.client.list_object_versions(Bucket=self.name, MaxKeys=1)
        if found.get("Versions") or found.get("DeleteMarkers"):
            fate = f"expire after {self.days} days" if self.days else "stay beside the galleries"
            raise InvalidSettings(
                f"bucket {self.name} holds objects already, and this service did not set it up: "
                "choose another name in S3_IN_BUCKET, S3_OUT_BUCKET or S3_GALLERY_BUCKET, or run "
                f"init_aws.py --adopt; then they {fate}"
            )

    def set_up(self) -> None:
        """Create it if it is missing, and have S3 remove what is old."""
        self._create()
        found = self._lifecycle()
        others = [rule for rule in found["Rules"] if not _is_ours(rule)]
        self.client.put_bucket_lifecycle_configuration(
            Bucket=self.name,
            LifecycleConfiguration={"Rules": [*others, *self._rules()]},
            **{name: value for name, value in found.items() if name != "Rules"},
        )
        log.info(
            "bucket is there",
            extra={"bucket": self.name, "days": self.days, "rules_of_others": len(others)},
        )

    def _rules(self) -> list[Any]:
        everything = {"Status": "Enabled", "Filter": {"Prefix": ""}}
        return [
            {
                "ID": _RETENTION,
                **everything,
                **({"Expiration": {"Days": self.days}} if self.days else {}),
                "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                # What uploads that broke off left.
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
            # S3 does not take it in a rule that has days.
            {"ID": _MARKERS, **everything, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        ]

    def _exists(self) -> bool:
        try:
            self.client.head_bucket(Bucket=self.name)
        except ClientError as error:
            # 403 is for buckets of other accounts: the attempt to make it will say so.
            if error_code(error) in ("404", "403", "NoSuchBucket"):
                return False
            raise
        return True

    def _lifecycle(self) -> dict[str, Any]:
        """Return all rules, and what else was set with them."""
        try:
            found = self.client.get_bucket_lifecycle_configuration(Bucket=self.name)
        except ClientError as error:
            if error_code(error) == "NoSuchLifecycleConfiguration":
                return {"Rules": []}
            raise
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    def _create(self) -> None:
        try:
            if self.region == "us-east-1":  # S3 refuses to be told its default region
                self.client.create_bucket(Bucket=self.name)
            else:
                self.client.create_bucket(
                    Bucket=self.name,
                    CreateBucketConfiguration={"LocationConstraint": self.region},  # type: ignore[typeddict-item]
                )
        except ClientError as error:
            if error_code(error) == "BucketAlreadyExists":
                raise InvalidSettings(
                    f"the bucket name {self.name} is another AWS account's: "
                    "choose other names in S3_IN_BUCKET, S3_OUT_BUCKET and S3_GALLERY_BUCKET"
                ) from error
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise


def _is_ours(rule: Any) -> bool:
    if rule.get("ID") in (_RETENTION, _MARKERS):
        return True
    return rule.get("ID") == _OF_EARLIER_VERSIONS and set(rule) == {
        "ID",
        "Status",
        "Filter",
        "Expiration",
        "AbortIncompleteMultipartUpload",
    }
