"""EC2's metadata service in its version 2, in memory, over HTTP."""

import json
from typing import Final

from tests.support.services.http_service import HttpService

_TTL: Final = "x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN: Final = "x-aws-ec2-metadata-token"
_PREFIX: Final = "/latest/meta-data/"
INSTANCE_ID: Final = "i-0123456789abcdef0"
SPOT: Final = "spot/instance-action"
REBALANCE: Final = "events/recommendations/rebalance"
LIFECYCLE: Final = "autoscaling/target-lifecycle-state"


class MetadataService(HttpService):
    """Announces what it is told to, to those who have a token."""

    def __init__(self) -> None:
        super().__init__()
        self.found = {"instance-id": INSTANCE_ID}
        self.tokens: list[str] = []
        self.asked: list[str] = []
        self.broken = False
        self._valid: set[str] = set()

    def announce_interruption(self, action: str = "terminate") -> None:
        self.found[SPOT] = json.dumps({"action": action, "time": "2026-11-27T10:02:00Z"})

    def recommend_rebalance(self) -> None:
        self.found[REBALANCE] = json.dumps({"noticeTime": "2026-11-27T10:00:00Z"})

    def withdraw(self) -> None:
        for path in (SPOT, REBALANCE, LIFECYCLE):
            self.found.pop(path, None)

    def expire_tokens(self) -> None:
        self._valid.clear()

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        if self.broken:
            return 500, ""
        if path == "/latest/api/token":
            return self._token(method, int(headers.get(_TTL, "0")))
        self.asked.append(path.removeprefix(_PREFIX))
        if headers.get(_TOKEN) not in self._valid:
            return 401, ""
        found = self.found.get(path.removeprefix(_PREFIX))
        return (404, "") if found is None else (200, found)

    def _token(self, method: str, ttl_s: int) -> tuple[int, str]:
        if method != "PUT" or not 1 <= ttl_s <= 21_600:
            return 400, ""
        self.tokens.append(f"token-{len(self.tokens)}==")
        self._valid.add(self.tokens[-1])
        return 200, self.tokens[-1]
