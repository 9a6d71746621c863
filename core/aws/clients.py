"""Clients of AWS from the settings, and botocore's errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.session
import obstore.store
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader, create_loader
from obstore.auth.boto3 import Boto3CredentialProvider
from pydantic import SecretStr

from core.aws.billed_requests import count_requests_of
from core.aws.keys import chain_session
from core.errors import ServiceUnavailable
from core.ground.aws_rights import note_missing_right
from core.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


_CONNECT_TIMEOUT_S: Final = 2
_READ_TIMEOUT_S: Final = 3
ATTEMPTS: Final = 3
"""With these, a service that hangs is given up after about ten seconds."""
_SLOWEST_S: Final = 30
"""For a whole answer; a second more for each megabyte that a photo may have."""

_CREDENTIALS_LAST: Final = timedelta(minutes=10)
"""boto3 never hands out keys that expire sooner; obstore asks again after half of that time."""


def _session(settings: Settings, *, makes_clients: bool = True) -> boto3.Session:
    """Without keys boto3's own chain is used: environment, profile, role.

    Botocore's handlers take most of the time, and only clients need them.
    """
    inner = botocore.session.Session(include_builtin_handlers=makes_clients)
    if settings.aws_access_key_id is None:
        session = chain_session(settings.aws_region, inner)
    else:
        session = boto3.Session(
            botocore_session=inner,
            region_name=settings.aws_region,
            aws_access_key_id=_revealed(settings.aws_access_key_id),
            aws_secret_access_key=_revealed(settings.aws_secret_access_key),
            aws_session_token=_revealed(settings.aws_session_token),
        )
    # Not before: boto3 adds a path to its session's loader each time.
    inner.register_component("data_loader", _loader(inner.get_config_variable("data_path")))
    return session


@cache
def _loader(paths: str | None) -> Loader:
    """Return what reads the services' descriptions, which takes longest of making a client."""
    return create_loader(paths)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _config(settings: Settings, *, read_timeout_s: float) -> Config:
    return Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        max_pool_connections=max(settings.web_threads, 16),
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        s3={"addressing_style": "path"} if settings.s3_endpoint else {},
        # LanceDB knows none of them.
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]
    )


def s3_client(settings: Settings) -> "S3Client":
    client = _session(settings).client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        config=_config(settings, read_timeout_s=_READ_TIMEOUT_S),
    )
    count_requests_of(client)
    return client


def object_client(settings: Settings, bucket: str, endpoint: str) -> obstore.store.S3Store:
    """Return obstore's client of one bucket, with boto3's address, keys and certificates."""
    session = _session(settings, makes_clients=False)
    return obstore.store.S3Store(
        bucket,
        config={
            "region": settings.aws_region,
            # Both, or one of them would be read from the environment.
            "endpoint": endpoint,
            "aws_endpoint_url_s3": endpoint,
        },
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=_CONNECT_TIMEOUT_S),
            "read_timeout": timedelta(seconds=_READ_TIMEOUT_S),
            "timeout": timedelta(seconds=_SLOWEST_S + settings.max_file_mb),
            "root_certificate": _certificates(),
        },
        retry_config={
            "max_retries": ATTEMPTS - 1,
            # As long as boto3 waits: half a second, then one and a half at most.
            "backoff": {
                "init_backoff": timedelta(seconds=0.5),
                "max_backoff": timedelta(seconds=2),
                "base": 3,
            },
        },
        # Looked for at the first request, as boto3 does: a start without keys is no error yet.
        credential_provider=lambda: Boto3CredentialProvider(session, ttl=_CREDENTIALS_LAST)(),
    )


def _certificates() -> bytes:
    session = botocore.session.Session(include_builtin_handlers=False)
    own = session.get_config_variable("ca_bundle")
    return Path(own or str(get_cert_path(verify=True))).read_bytes()


def sqs_client(settings: Settings, *, long_poll_s: float = 0) -> "SQSClient":
    client = _session(settings).client(
        "sqs",
        endpoint_url=settings.sqs_endpoint,
        config=_config(settings, read_timeout_s=long_poll_s + _READ_TIMEOUT_S),
    )
    count_requests_of(client)
    return client


def autoscaling_client(settings: Settings) -> Any:
    """Return boto3's client of ``autoscaling``, whose types are not installed."""
    return _session(settings).client(
        "autoscaling",
        endpoint_url=settings.aws_endpoint_url,
        config=_config(settings, read_timeout_s=_READ_TIMEOUT_S),
    )


def error_code(error: ClientError) -> str:
    """Return AWS's name for an error, such as ``NoSuchKey``."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def unavailable_as(error_type: type[ServiceUnavailable], what: str) -> Iterator[None]:
    """Raise every error of botocore as one of ours that names the bucket or queue."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        note_missing_right(str(error))
        raise error_type(f"{what}: {error}") from error
