"""What stands in for Sentry: it takes envelopes over HTTP, in a thread."""

import gzip
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(kw_only=True)
class ErrorSink:
    """Answers each envelope with a status, from ``with`` on; keeps what was sent, unpacked."""

    status: int = 200
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"sink": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self._server.server_address[1]}/1"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the events: the last line of an envelope, behind its header and the item's."""
        return [json.loads(each.strip().splitlines()[-1]) for each in self.sent]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    sink: ErrorSink

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding") == "gzip"
        self.sink.sent.append(gzip.decompress(body) if packed else body)
        self.send_response(self.sink.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
