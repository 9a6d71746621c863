"""EC2's metadata service in its version 2, in memory, over HTTP."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

_TTL: Final = "X-aws-ec2-metadata-token-ttl-seconds"
_TOKEN: Final = "X-aws-ec2-metadata-token"
_PREFIX: Final = "/latest/meta-data/"
SPOT: Final = "spot/instance-action"
REBALANCE: Final = "events/recommendations/rebalance"
LIFECYCLE: Final = "autoscaling/target-lifecycle-state"


@dataclass(kw_only=True)
class Metadata:
    """What the service answers, and what it was asked."""

    found: dict[str, str] = field(default_factory=lambda: {"instance-id": "i-0123456789abcdef0"})
    tokens: list[str] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        if self.broken:
            return 500, ""
        if path == "/latest/api/token":
            return self._token(method, headers)
        self.asked.append(path.removeprefix(_PREFIX))
        if headers.get(_TOKEN.lower()) not in self.valid:
            return 401, ""
        found = self.found.get(path.removeprefix(_PREFIX))
        return (404, "") if found is None else (200, found)

    def _token(self, method: str, headers: dict[str, str]) -> tuple[int, str]:
        if method != "PUT" or not 1 <= int(headers.get(_TTL.lower(), "0")) <= 21_600:
            return 400, ""
        self.tokens.append(f"token-{len(self.tokens)}==")
        self.valid.add(self.tokens[-1])
        return 200, self.tokens[-1]


class _Handler(BaseHTTPRequestHandler):
    metadata: Metadata

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, text = self.metadata.answer(self.command, self.path, headers)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class MetadataService:
    """An HTTP server that announces what it is told to."""

    def __init__(self) -> None:
        self.data = Metadata()
        handler = type("Handler", (_Handler,), {"metadata": self.data})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def announce_interruption(self, action: str = "terminate") -> None:
        self.data.found[SPOT] = json.dumps({"action": action, "time": "2026-11-27T10:02:00Z"})

    def recommend_rebalance(self) -> None:
        self.data.found[REBALANCE] = json.dumps({"noticeTime": "2026-11-27T10:00:00Z"})

    def withdraw(self) -> None:
        for path in (SPOT, REBALANCE, LIFECYCLE):
            self.data.found.pop(path, None)

    def expire_tokens(self) -> None:
        self.data.valid.clear()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
