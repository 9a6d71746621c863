"""The metadata service of an instance that does not exist."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

_META_DATA: Final = "/latest/meta-data/"


class Instance:
    """Tells its id, and that it is about to end once that was announced; from ``with`` on."""

    def __init__(self, instance_id: str) -> None:
        found = {"instance-id": instance_id}
        self._found = found

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def _say(self) -> None:
                named = self.path.removeprefix(_META_DATA)
                text = "token" if self.command == "PUT" else found.get(named)
                content = (text or "").encode()
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = _say  # noqa: N815 - http.server's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def announce_interruption(self) -> None:
        notice = {"action": "terminate", "time": "2026-12-01T10:02:00Z"}
        self._found["spot/instance-action"] = json.dumps(notice)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
