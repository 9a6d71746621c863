"""All clients speak to the endpoint of the settings, whatever else the environment says."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dotenv import dotenv_values

from core.aws.clients import s3_client, sqs_client
from core.aws.s3 import S3Store
from core.aws.sqs import SqsQueue
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.errors import FaceServiceError, ObjectMissing
from core.gallery.lance.storage import gallery_uri, storage_options
from core.gallery.lance.table_files import TableFiles
from core.host.environment import settle_environment
from core.settings import Settings, load_settings
from tests.support.photos import ROOT

GALLERY = "0" * 32


class Nothing(ThreadingHTTPServer):
    """Has nothing, and remembers the headers of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Nothing

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the names are the protocol's

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


def nothing() -> Iterator[Nothing]:
    with Nothing() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


right = pytest.fixture(nothing, name="right")
wrong = pytest.fixture(nothing, name="wrong")


def with_boto3(settings: Settings) -> None:
    S3Store(settings, "a-bucket", s3_client(settings)).check()


def with_obstore(settings: Settings) -> None:
    S3Store(settings, "a-bucket", s3_client(settings)).get("a/key")


def with_lancedb(settings: Settings) -> None:
    index = Shared(settings, Infrastructure.on_aws(settings)).index
    try:
        index.get(GALLERY, ["a-face"])
    finally:
        index.close()


def with_arrow(settings: Settings) -> None:
    """Read a table's files, as the cleaning of galleries does."""
    files = TableFiles(gallery_uri(settings), storage_options(settings), GALLERY)
    files.fragments_with_deletions()
    raise ObjectMissing("there are none")  # a folder that is missing is empty to it


def with_sqs(settings: Settings) -> None:
    SqsQueue(sqs_client(settings), "a-queue").check()


OTHER_ADDRESSES = (
    "AWS_ENDPOINT_URL_STS",
    "ENDPOINT_URL_S3",
    "AWS_ENDPOINT",
    "ENDPOINT",
    "ENDPOINT_URL",
    "AWS_PROXY_URL",
    "PROXY_URL",
    "HTTP_PROXY",
    "http_proxy",
)
OTHER_OPTIONS = {
    "REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "TOKEN": "a-token",
    "SESSION_TOKEN": "a-token",
    "AWS_SESSION_TOKEN": "",
    "SKIP_SIGNATURE": "true",
    "AWS_SKIP_SIGNATURE": "true",
    "AWS_REQUEST_PAYER": "true",
    "USER_AGENT": "someone",
}
CLIENTS = [with_boto3, with_obstore, with_lancedb, with_arrow, with_sqs]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def at_home(right: Nothing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", right.address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")


def ask(client: Callable[[Settings], None], settings: Settings, server: Nothing) -> None:
    """Ask until the server has seen it: on a busy machine a client may give up before."""
    for _ in range(10):
        with pytest.raises(FaceServiceError):
            client(settings)
        if server.seen:
            return


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("client", CLIENTS)
def test_no_other_address_counts(
    monkeypatch: pytest.MonkeyPatch,
    right: Nothing,
    wrong: Nothing,
    client: Callable[[Settings], None],
) -> None:
    for name in OTHER_ADDRESSES:
        monkeypatch.setenv(name, wrong.address)

    ask(client, load_settings(), right)

    assert right.seen
    assert not wrong.seen


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("client", CLIENTS)
def test_address_of_its_own_wins_over_the_common_one(
    monkeypatch: pytest.MonkeyPatch,
    right: Nothing,
    wrong: Nothing,
    client: Callable[[Settings], None],
) -> None:
    own, other = "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS"
    if client is with_sqs:
        own, other = other, own
    monkeypatch.setenv("AWS_ENDPOINT_URL", wrong.address)
    monkeypatch.setenv(own, right.address)
    monkeypatch.setenv(other, wrong.address)

    ask(client, load_settings(), right)

    assert right.seen
    assert not wrong.seen
    assert load_settings() == load_settings()


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("client", CLIENTS)
def test_requests_are_the_same_whatever_else_is_set(
    monkeypatch: pytest.MonkeyPatch, right: Nothing, client: Callable[[Settings], None]
) -> None:
    for name, value in OTHER_OPTIONS.items():
        monkeypatch.setenv(name, value)

    ask(client, load_settings(), right)

    for headers in right.seen:
        assert "/us-east-1/" in headers["authorization"]
        assert not {"x-amz-security-token", "x-amz-request-payer"} & headers.keys()
        assert "someone" not in headers["user-agent"]


@pytest.mark.usefixtures("at_home")
def test_address_of_a_profile_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: Nothing
) -> None:
    profile = tmp_path / "config"
    profile.write_text(f"[default]\nendpoint_url = {wrong.address}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")

    assert s3_client(load_settings()).meta.endpoint_url == "https://s3.amazonaws.com"


@pytest.mark.parametrize(
    "name", [name for name, value in dotenv_values(ROOT / ".env.example").items() if value]
)
def test_empty_variable_counts_as_none_though_the_file_has_a_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    value = dotenv_values(ROOT / ".env.example")[name]
    other = {"AWS_REGION": "eu-west-1", "WEB_PORT": "8001"}.get(name, value)
    (tmp_path / ".env").write_text(f"{name}={other}\n")
    monkeypatch.setenv(name, "")

    default = Settings.model_fields[name.lower()].default
    assert getattr(load_settings(), name.lower()) == default


@pytest.mark.parametrize("given", ["http://of-the-variable:4566", ""])
def test_settings_are_the_same_whenever_they_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    """gunicorn reads them and then each web process, the autoscaler and then its workers."""
    (tmp_path / ".env").write_text(
        "AWS_ENDPOINT_URL=http://of-the-file:4566\nAWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", given)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    monkeypatch.chdir(tmp_path)

    first, second = load_settings(), load_settings()

    assert first.aws_endpoint_url == (given or None)
    assert first == second


def test_keys_of_the_shell_do_not_go_with_the_token_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("AWS_SESSION_TOKEN=of-other-keys\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")

    assert load_settings().aws_session_token is None


def test_where_keys_are_looked_for_stays() -> None:
    given = {
        "AWS_PROFILE": "ours",
        "AWS_ROLE_ARN": "a-role",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/a/file",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2",
        "PATH": "/bin",
        "HOME": "/root",
    }
    environment = dict(given)

    settle_environment((), environment)

    assert given.items() <= environment.items()


def test_certificates_of_boto3_are_those_of_lancedb_too() -> None:
    environment = {"AWS_CA_BUNDLE": "/a/bundle.pem"}

    settle_environment((), environment)

    assert environment["SSL_CERT_FILE"] == "/a/bundle.pem"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1,s3.home"),
        ({"NO_PROXY": "a.b", "no_proxy": "c"}, "a.b,c,localhost,127.0.0.1,::1,s3.home"),
        ({"no_proxy": "localhost, s3.home"}, "localhost,s3.home,127.0.0.1,::1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_no_proxy_is_asked_for_this_machine_and_the_endpoint(
    given: dict[str, str], expected: str
) -> None:
    settle_environment(["s3.home"], given)

    assert given["NO_PROXY"] == given["no_proxy"] == expected


def test_settings_say_where_s3_and_sqs_are() -> None:
    local = Settings(_env_file=None, aws_endpoint_url="http://localhost:4566")
    real = Settings(_env_file=None, aws_region="eu-west-1")

    mixed = local.model_copy(update={"aws_endpoint_url_s3": "https://s3.home"})

    assert local.endpoints == "S3 and SQS: http://localhost:4566"
    assert real.endpoints == "S3 and SQS: AWS itself, region eu-west-1"
    assert mixed.endpoints == "S3: https://s3.home; SQS: http://localhost:4566"
