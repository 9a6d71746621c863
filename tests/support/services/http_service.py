"""A small HTTP server in a thread, for services that tests imitate."""

import threading
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class HttpService(ABC):
    """Answers requests as ``answer()`` says, from ``with`` on."""

    def __init__(self) -> None:
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.more_headers: dict[str, str] = {}
        """Of every answer."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        """Return status and text; names of headers are in lower case."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    service: HttpService

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0)).decode()
        status, text = self.service.answer(self.command, self.path, headers, body)
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.service.more_headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names
