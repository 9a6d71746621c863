"""Where the journals of a benchmark's galleries lie."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from core.aws.clients import s3_client
from core.aws.s3 import S3Store
from core.gallery.lance.journal import JournalStore
from core.settings import Settings


def journals_of(uri: str, options: Mapping[str, str]) -> JournalStore | None:
    """Return the bucket of galleries on LocalStack, and None for those in a folder."""
    parts = urlsplit(uri)
    if parts.scheme != "s3":
        return None
    settings = Settings.model_validate(
        {
            "aws_endpoint_url": options["aws_endpoint"],
            "aws_access_key_id": options["aws_access_key_id"],
            "aws_secret_access_key": options["aws_secret_access_key"],
        }
    )
    return S3Store(settings, parts.netloc, s3_client(settings))
