"""What reads and writes of whole objects come to where S3 does not answer as it should."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.aws.clients import s3_client
from core.aws.s3 import S3Store
from core.aws.s3_objects import S3Objects
from core.errors import FileTooLarge, StorageUnavailable
from core.settings import Settings

_XML = b"<?xml version='1.0' encoding='utf-8'?>\n"
_CONFLICT = _XML + b"<Error><Code>ConditionalRequestConflict</Code></Error>"
_EXPIRED = _XML + b"<Error><Code>ExpiredToken</Code></Error>"
_ABORTED = _XML + b"<Error><Code>OperationAborted</Code></Error>"
_NO_BUCKET = _XML + b"<Error><Code>NoSuchBucket</Code></Error>"
_SLOW_DOWN = _XML + b"<Error><Code>SlowDown</Code></Error>"


_PIECE = 100_000


class S3Answering(ThreadingHTTPServer):
    """Answers every request alike, and remembers them."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = status, body
        self.seen: list[str] = []
        self.dropped = 0
        """Requests that get no answer, from now on."""
        self.revoked = ""
        """A key id that is refused."""
        self.further_bytes = 0
        """What follows the body."""
        self.sent = 0
        """Bytes of bodies that somebody took."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: S3Answering

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self.headers["Authorization"])
        if self.server.dropped:
            self.server.dropped -= 1
            self.close_connection = True
            return
        if f"Credential={self.server.revoked}/" in self.headers["Authorization"]:
            self._answer(403, _EXPIRED)
        else:
            self._answer(self.server.status, self.server.body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
        self.send_header("ETag", '"a version"')
        self.send_header("Content-Length", str(len(body) + self.server.further_bytes))
        self.end_headers()
        self.wfile.write(body)
        with suppress(OSError):
            for _ in range(0, self.server.further_bytes, _PIECE):
                self.wfile.write(bytes(_PIECE))
                self.server.sent += _PIECE

    do_PUT = do_GET  # noqa: N815 - the name is the protocol's

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def s3_answering(status: int, body: bytes) -> Iterator[S3Answering]:
    with S3Answering(status, body) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def objects(address: str, key_id: str | None = "key-id") -> S3Objects:
    secret = SecretStr("secret") if key_id else None
    settings = Settings(
        aws_endpoint_url=address,
        aws_access_key_id=SecretStr(key_id) if key_id else None,
        aws_secret_access_key=secret,
    )
    return S3Objects(settings, "bucket", address)


@pytest.mark.parametrize("version", [None, '"a version"'])
@pytest.mark.parametrize(
    ("status", "body"),
    [(409, _CONFLICT), (409, _ABORTED), (404, _NO_BUCKET), (403, _EXPIRED), (500, b"")],
)
def test_conditional_write_without_a_verdict_is_unavailable(
    status: int, body: bytes, version: str | None
) -> None:
    with s3_answering(status, body) as server, pytest.raises(StorageUnavailable, match="bucket"):
        objects(server.address).put_if("key", b"", content_type="text/plain", version=version)


@pytest.mark.parametrize(("status", "body"), [(403, _EXPIRED), (500, b""), (301, b"")])
def test_whatever_is_no_answer_is_unavailable(status: int, body: bytes) -> None:
    with s3_answering(status, body) as server, pytest.raises(StorageUnavailable, match="bucket"):
        objects(server.address).get("key")


def test_error_names_the_code_of_s3() -> None:
    with s3_answering(403, _EXPIRED) as server, pytest.raises(StorageUnavailable, match="ExpiredT"):
        objects(server.address).get("key")


def test_conditional_write_is_repeated_when_its_connection_breaks() -> None:
    with s3_answering(200, b"") as server:
        server.dropped = 2

        assert objects(server.address).put_if(
            "key", b"one", content_type="text/plain", version=None
        )


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize("value", ["", "http://127.0.0.1:9"])
def test_address_in_the_environment_does_not_count(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with s3_answering(200, b"one") as server:
        found = objects(server.address).get("key")

    assert found is not None
    assert found.body == b"one"


def test_damaged_bundle_of_certificates_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))

    with pytest.raises(StorageUnavailable):
        objects("https://127.0.0.1:9")


def test_busy_s3_is_asked_three_times() -> None:
    with s3_answering(503, _SLOW_DOWN) as server:
        with pytest.raises(StorageUnavailable):
            objects(server.address).put("key", b"", content_type="text/plain", metadata={})
        assert len(server.seen) == 3


def test_requests_are_signed_with_the_keys_of_the_settings() -> None:
    with s3_answering(200, b"") as server:
        objects(server.address, "some-key-id").put(
            "key", b"", content_type="text/plain", metadata={}
        )
        assert "Credential=some-key-id/" in server.seen[0]


def test_service_without_keys_starts_and_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    without_keys = objects("http://127.0.0.1:9", None)

    with pytest.raises(StorageUnavailable, match="credentials"):
        without_keys.get("key")


def test_nobody_there_is_unavailable_and_told_in_a_line() -> None:
    with pytest.raises(StorageUnavailable, match=r"S3 bucket bucket: .*127\.0\.0\.1:9") as caught:
        objects("http://127.0.0.1:9").get("key")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["album/video.mov", "album//video.mov"])
def test_object_over_the_limit_is_not_read(key: str) -> None:
    with s3_answering(200, b"") as server:
        server.further_bytes = 300_000_000
        settings = Settings(
            aws_endpoint_url=server.address,
            aws_access_key_id=SecretStr("key-id"),
            aws_secret_access_key=SecretStr("secret"),
        )
        store = S3Store(settings, "bucket", s3_client(settings))

        with pytest.raises(FileTooLarge, match="300000000 bytes; at most 8000000"):
            store.get(key, max_bytes=8_000_000)

    assert server.sent < 30_000_000  # what fits into the buffers of two sockets
    assert len(server.seen) == 1


@pytest.fixture
def keys_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return monkeypatch


def test_revoked_keys_are_replaced_at_the_next_request(
    keys_of_the_environment: pytest.MonkeyPatch,
) -> None:
    with s3_answering(200, b"one") as server:
        without_own_keys = objects(server.address, None)
        without_own_keys.get("key")
        server.revoked = "first"
        keys_of_the_environment.setenv("AWS_ACCESS_KEY_ID", "second")

        without_own_keys.get("key")
        without_own_keys.put("key", b"", content_type="text/plain", metadata={})

    used = [authorization.partition("Credential=")[2][:6] for authorization in server.seen]
    assert used == ["first/", "first/", "second", "second"]
