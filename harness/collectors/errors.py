"""What stands in for Sentry: it takes envelopes over HTTP, in a thread."""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from harness.collectors.http_thread import HttpThread, QuietHandler


@dataclass(kw_only=True)
class ErrorSink(HttpThread):
    """Answers each envelope with a status, from ``with`` on; keeps what was sent, unpacked."""

    status: int = 200
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"sink": self})
        self.listen(handler)

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self.port}/1"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the events: the last line of an envelope, behind its header and the item's."""
        return [json.loads(each.strip().splitlines()[-1]) for each in self.sent]


class _Handler(QuietHandler):
    sink: ErrorSink

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        body = self.body()
        packed = self.headers.get("Content-Encoding") == "gzip"
        self.sink.sent.append(gzip.decompress(body) if packed else body)
        self.answer(self.sink.status)
