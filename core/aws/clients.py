"""boto3 clients from the settings, and botocore's errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from core.errors import ServiceUnavailable
from core.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


_READ_TIMEOUT_S: Final = 3
"""With three attempts, a service that hangs is given up after about ten seconds."""


def _session(settings: Settings) -> boto3.Session:
    """Without keys boto3's own chain is used: environment, profile, role."""
    return boto3.Session(
        region_name=settings.aws_region,
        aws_access_key_id=_revealed(settings.aws_access_key_id),
        aws_secret_access_key=_revealed(settings.aws_secret_access_key),
        aws_session_token=_revealed(settings.aws_session_token),
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _config(settings: Settings, *, read_timeout_s: float) -> Config:
    return Config(
        connect_timeout=2,
        read_timeout=read_timeout_s,
        max_pool_connections=max(settings.web_threads, 16),
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path"} if settings.aws_endpoint_url else {},
    )


def s3_client(settings: Settings) -> "S3Client":
    return _session(settings).client(
        "s3",
        endpoint_url=settings.aws_endpoint_url,
        config=_config(settings, read_timeout_s=_READ_TIMEOUT_S),
    )


def sqs_client(settings: Settings, *, long_poll_s: float = 0) -> "SQSClient":
    return _session(settings).client(
        "sqs",
        endpoint_url=settings.aws_endpoint_url,
        config=_config(settings, read_timeout_s=long_poll_s + _READ_TIMEOUT_S),
    )


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
        raise error_type(f"{what}: {error}") from error
