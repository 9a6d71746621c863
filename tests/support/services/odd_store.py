"""Stores that are not S3: moto's, and ones that lack something of S3."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Change = Callable[[str, str, dict[str, str]], int | None]
"""Is given method, path and headers of a request, which it may change; returns a status instead."""

_OWN = ("connection", "transfer-encoding", "content-length")


def ignoring(*headers: str) -> Change:
    """Return what takes headers away."""

    def change(_method: str, _path: str, given: dict[str, str]) -> None:
        for name in list(given):
            if name.lower() in headers:
                del given[name]

    return change


def without(query: str) -> Change:
    """Return what answers that a call is not implemented."""
    return lambda _method, path, _given: 501 if query in urlsplit(path).query else None


class _Proxy(BaseHTTPRequestHandler):
    """Passes each request on, with what was changed of it."""

    protocol_version = "HTTP/1.1"
    target: str
    change: Change

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = dict(self.headers.items())
        status = type(self).change(self.command, self.path, headers)
        if status is not None:
            self._answer(status, {}, b"<Error><Code>NotImplemented</Code></Error>")
            return
        there = HTTPConnection(self.target, timeout=10)
        there.request(self.command, self.path, body=body, headers=headers)
        answer = there.getresponse()
        self._answer(answer.status, dict(answer.getheaders()), answer.read())
        there.close()

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _pass_on  # noqa: N815 - the protocol's

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def store_before(address: str, change: Change) -> Iterator[str]:
    """Run a proxy of the store at an address; yield the proxy's own."""
    parts = {"target": urlsplit(address).netloc, "change": staticmethod(change)}
    handler = type("Proxy", (_Proxy,), parts)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
