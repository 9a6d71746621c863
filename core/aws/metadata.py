"""The metadata service of an EC2 instance, in its version 2."""

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from core.aws.local_http import Answer, ask
from core.errors import ServiceUnavailable

_TIMEOUT_S: Final = 2.0
"""The service is one hop away, and answers in milliseconds."""
_TOKEN_S: Final = 21_600
"""The longest that the service allows."""
_TOKEN_MARGIN_S: Final = 60.0
_INTERRUPTIONS: Final = ("terminate", "stop", "hibernate")


class InstanceMetadata:
    """What EC2 tells an instance about itself.

    Parameters
    ----------
    address : str
        Such as ``http://169.254.169.254``.
    clock : callable
        Monotonic seconds.

    References
    ----------
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html
    """

    def __init__(self, address: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address.rstrip("/")
        self._clock = clock
        self._token: str | None = None
        self._token_until_s = 0.0

    def instance_id(self) -> str:
        """Return the instance's id.

        Raises
        ------
        ServiceUnavailable
            If the service does not answer, or knows none.
        """
        found = self.get("instance-id")
        if found is None:
            raise ServiceUnavailable(f"EC2 metadata at {self._address}: no instance-id")
        return found

    def notice(self) -> str | None:
        """Return why this instance is about to end; None while nothing is announced.

        Raises
        ------
        ServiceUnavailable
            If the service does not answer, or not as documented.
        """
        spot = self._announced("spot/instance-action")
        if spot is not None and spot.get("action") in _INTERRUPTIONS:
            return f"spot interruption: {spot['action']} at {spot.get('time')}"
        if self.get("autoscaling/target-lifecycle-state") == "Terminated":
            return "Auto Scaling: the target state is Terminated"
        recommended = self._announced("events/recommendations/rebalance")
        if recommended is not None:
            return f"rebalance recommendation of {recommended.get('noticeTime')}"
        return None

    def get(self, path: str) -> str | None:
        """Return what stands under a path of ``meta-data``; None if there is nothing.

        Raises
        ------
        ServiceUnavailable
            If the service does not answer.
        """
        answer = self._get(path)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._token = None
            answer = self._get(path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise ServiceUnavailable(f"EC2 metadata {path}: status {answer.status}")
        return answer.text.strip()

    def _announced(self, path: str) -> dict[str, Any] | None:
        """Return a JSON object; what is anything else is no announcement of EC2's."""
        text = self.get(path)
        if text is None:
            return None
        try:
            announced = json.loads(text)
        except ValueError as error:
            raise ServiceUnavailable(f"EC2 metadata {path}: no JSON") from error
        if not isinstance(announced, dict):
            raise ServiceUnavailable(f"EC2 metadata {path}: no JSON object")
        return announced

    def _get(self, path: str) -> Answer:
        return ask(
            "GET",
            f"{self._address}/latest/meta-data/{path}",
            headers={"X-aws-ec2-metadata-token": self._fresh_token()},
            timeout_s=_TIMEOUT_S,
        )

    def _fresh_token(self) -> str:
        if self._token is None or self._clock() >= self._token_until_s - _TOKEN_MARGIN_S:
            self._token_until_s = self._clock() + _TOKEN_S
            self._token = self._new_token()
        return self._token

    def _new_token(self) -> str:
        answer = ask(
            "PUT",
            f"{self._address}/latest/api/token",
            headers={"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_S)},
            timeout_s=_TIMEOUT_S,
        )
        token = answer.text.strip()
        if answer.status != HTTPStatus.OK or not (token.isascii() and token.isprintable()):
            raise ServiceUnavailable(f"EC2 metadata: no token, status {answer.status}")
        return token
