"""Stands before the emulators and judges each request by the policy of who signed it.

LocalStack's free edition enforces no policy. moto's server does, but judges what is done to queues
and groups as if it were done to ``*``, so that no policy that names one allows anything. So what
is asked of AWS, and whether it is allowed, is judged here, whichever client asks.
"""

import sys
import threading
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from typing import Final
from urllib.parse import unquote

from core.ground.storage_keys import CHECKS
from harness.aws.policy import Call, Policy
from harness.aws.refusals import Answer, refusal
from harness.aws.requests import ACCOUNT, Request, calls_of, listing_of
from harness.collectors.http_thread import HttpThread, QuietHandler

_TIMEOUT_S: Final = 60
_MISSING: Final = 404
_HOP: Final = {"connection", "transfer-encoding", "keep-alive"}


@dataclass
class Rights:
    """The policies in force, by part, and what each part has asked for.

    A part signs with its own name as the id of its key. What others sign, such as the harness
    itself, is passed on and not noted.
    """

    policies: dict[str, Policy]
    asked: Counter[tuple[str, Call]] = field(default_factory=Counter)
    refused: Counter[tuple[str, Call]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def missing(self, part: str, calls: list[Call]) -> list[Call]:
        """Note the calls of a part; return those that it may not make."""
        refused = self.policies[part].refused(calls)
        with self._lock:
            self.asked.update((part, call) for call in calls)
            self.refused.update((part, call) for call in refused)
        return refused


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that were killed in the middle of a request."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class Gate(HttpThread):
    """Passes on to a port of this machine what is allowed, from ``with`` on.

    Parameters
    ----------
    target : int
        The port behind it.
    rights : Rights
    account : str
        The account that all is in. Emulators take it from the key's id.
    """

    server = _Server

    def __init__(self, target: int, rights: Rights, account: str = ACCOUNT) -> None:
        self._target = target
        self._account = account
        self._rights = rights
        self._connections = threading.local()
        gate = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(
                    method=self.command,
                    target=self.path,
                    headers=headers,
                    body=self.rfile.read(length),
                )
                self._send(gate.answer(request))

            def finish(self) -> None:
                super().finish()
                gate.end_connection()

            def _send(self, answer: Answer) -> None:
                self.send_response_only(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                if "content-length" not in {name.lower() for name, _ in answer.headers}:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - http.server's

        self.listen(Handler)

    def answer(self, request: Request) -> Answer:
        """Pass a request on, or refuse it as AWS would."""
        part = request.signer
        if part not in self._rights.policies or _is_trial(request):
            return self._passed_on(request)
        calls = calls_of(request, self._account)
        refused = self._rights.missing(part, calls)
        if refused:
            return refusal(request, part, refused)
        answer = self._passed_on(request)
        if _is_missing_object(request, calls[0], answer):
            # Without the right to list, S3 hides that there is nothing.
            unlisted = self._rights.missing(part, [listing_of(calls[0])])
            if unlisted:
                return refusal(request, part, unlisted)
        return answer

    def end_connection(self) -> None:
        """Close the connection that this thread has to the other side, if it has one."""
        with suppress(AttributeError):
            self._connections.own.close()

    def _passed_on(self, request: Request) -> Answer:
        for attempt in (1, 2):
            try:
                return self._exchanged(request)
            except (OSError, EOFError):
                self._connection().close()  # the other side may have ended it meanwhile
                if attempt == 2:
                    raise
        raise AssertionError

    def _exchanged(self, request: Request) -> Answer:
        connection = self._connection()
        connection.putrequest(
            request.method, request.target, skip_host=True, skip_accept_encoding=True
        )
        for name, value in request.headers.items():
            if name == "authorization" and self._account != ACCOUNT:
                own = f"Credential={self._account}/"
                connection.putheader(name, value.replace(f"Credential={request.signer}/", own))
            elif name != "expect":
                connection.putheader(name, value)
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        body = response.read()
        kept = tuple((name, value) for name, value in response.getheaders() if _is_kept(name))
        return Answer(status=response.status, headers=kept, body=body)

    def _connection(self) -> HTTPConnection:
        with suppress(AttributeError):
            found: HTTPConnection = self._connections.own
            return found
        self._connections.own = HTTPConnection("127.0.0.1", self._target, timeout=_TIMEOUT_S)
        return self._connection()


def _is_kept(name: str) -> bool:
    return name.lower() not in _HOP


def _is_missing_object(request: Request, call: Call, answer: Answer) -> bool:
    if answer.status != _MISSING or call.action != "s3:GetObject":
        return False
    return request.method == "HEAD" or b"NoSuchKey" in answer.body


def _is_trial(request: Request) -> bool:
    """Tell whether it is one of those that try out a store in the place of S3, never S3 itself."""
    if not request.is_s3:
        return False
    return CHECKS in unquote(request.target) or "lifecycle" in request.query
