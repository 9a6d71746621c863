"""The queues of the service: made, or taken over if an earlier set-up made them."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.errors import InvalidSettings
from core.settings.queue_plans import QueuePlan

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

_TAG: Final = "made-by"
_MAKER: Final = "elastic-face-recognition"
_REDRIVE: Final = "RedrivePolicy"


@dataclass(frozen=True)
class Queues:
    """Checks queues and sets them up; those that it made or changed carry a tag."""

    client: "SQSClient"
    _urls: dict[str, str] = field(default_factory=dict)

    def check(self, queue: QueuePlan) -> None:
        """Raise ``InvalidSettings`` if it is there, is someone else's, and would be changed."""
        url = self._find(queue.name)
        if url is None:
            return
        if self._changes(queue, self._attributes(url)) and not self._is_ours(url):
            raise InvalidSettings(
                f"queue {queue.name} is there with other attributes, and this service did not "
                "set it up: choose other names in SQS_*_QUEUE_NAME, or run init_aws.py --adopt"
            )

    def set_up(self, queue: QueuePlan) -> None:
        """Create it, or bring the one there is to its attributes."""
        url = self._find(queue.name)
        if url is None:
            wanted = self._changes(queue, {})
            made = self.client.create_queue(
                QueueName=queue.name,
                Attributes=wanted,  # type: ignore[arg-type]
                tags={_TAG: _MAKER},
            )
            self._urls[queue.name] = made["QueueUrl"]
        elif changes := self._changes(queue, self._attributes(url)):
            self.client.set_queue_attributes(QueueUrl=url, Attributes=changes)  # type: ignore[arg-type]
            self.client.tag_queue(QueueUrl=url, Tags={_TAG: _MAKER})
        log.info("queue is there", extra={"queue": queue.name})

    def _changes(self, queue: QueuePlan, found: Mapping[str, str]) -> dict[str, str]:
        """Return the attributes that a queue with those found lacks."""
        changes = {
            name: value for name, value in _attributes(queue).items() if found.get(name) != value
        }
        if queue.dead_letters is not None:
            policy = {
                "deadLetterTargetArn": self._arn(queue.dead_letters),
                "maxReceiveCount": queue.max_receive_count,
            }
            there = json.loads(found.get(_REDRIVE, "{}"))
            if policy != there | {"maxReceiveCount": int(there.get("maxReceiveCount", 0))}:
                changes[_REDRIVE] = json.dumps(policy)
        return changes

    def _arn(self, name: str) -> str:
        """Return a queue's ARN; nothing before it is made."""
        url = self._find(name)
        return self._attributes(url)["QueueArn"] if url else ""

    def _is_ours(self, url: str) -> bool:
        tags = self.client.list_queue_tags(QueueUrl=url).get("Tags", {})
        return tags.get(_TAG) == _MAKER

    def _find(self, name: str) -> str | None:
        if name not in self._urls:
            try:
                self._urls[name] = self.client.get_queue_url(QueueName=name)["QueueUrl"]
            except self.client.exceptions.QueueDoesNotExist:
                return None
        return self._urls[name]

    def _attributes(self, url: str) -> dict[str, str]:
        found = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return {str(name): value for name, value in found.get("Attributes", {}).items()}


def _attributes(plan: QueuePlan) -> dict[str, str]:
    attributes = {"MessageRetentionPeriod": str(plan.retention_s)}
    if plan.visibility_s is not None:
        attributes["VisibilityTimeout"] = str(plan.visibility_s)
    return attributes
