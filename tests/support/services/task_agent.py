"""The ECS agent's endpoint for task protection, in memory, over HTTP."""

import json
from typing import Any

from tests.support.services.http_service import HttpService


class TaskAgent(HttpService):
    """Notes what protection it is asked for, and refuses it if told to."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[dict[str, Any]] = []
        self.refusal: tuple[int, str] | None = None

    @property
    def uri(self) -> str:
        return f"{self.address}/api/0b69d5c0-d655-4695-98cd-5d2d526d9d5a"

    @property
    def protected(self) -> list[bool]:
        return [state["ProtectionEnabled"] for state in self.states]

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        if self.refusal is not None:
            return self.refusal
        if method != "PUT" or f"{self.address}{path}" != f"{self.uri}/task-protection/v1/state":
            return 404, ""
        self.states.append(json.loads(body))
        return 200, json.dumps({"protection": {**self.states[-1], "TaskArn": "arn:aws:ecs:task"}})
