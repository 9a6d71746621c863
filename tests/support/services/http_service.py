"""A small HTTP server in a thread, for services that tests imitate."""

from abc import ABC, abstractmethod

from harness.collectors.http_thread import HttpThread, QuietHandler


class HttpService(HttpThread, ABC):
    """Answers requests as ``answer()`` says, from ``with`` on."""

    def __init__(self) -> None:
        handler = type("Handler", (_Handler,), {"service": self})
        self.listen(handler)
        self.more_headers: dict[str, str] = {}
        """Of every answer."""

    @abstractmethod
    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
        """Return status and text; names of headers are in lower case."""


class _Handler(QuietHandler):
    service: HttpService

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
