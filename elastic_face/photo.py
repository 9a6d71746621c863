"""Photos as callers have them, and as forms take them."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO


@dataclass(frozen=True, kw_only=True)
class S3Photo:
    """A photo in a bucket that the service may read.

    ``bucket`` may be left out where the service has only one in ``ALLOWED_BUCKETS``.
    """

    key: str
    bucket: str | None = None


Photo = bytes | str | os.PathLike[str] | BinaryIO
"""The bytes of a photo, the path of its file, or the open file."""


def bytes_of(photo: Photo) -> bytes:
    """Return a photo's bytes.

    Raises
    ------
    OSError
        If the file can't be read.
    """
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, str | os.PathLike):
        return Path(photo).read_bytes()
    return photo.read()


def photo_fields(photo: "Photo | S3Photo", field: str = "image") -> dict[str, Any]:
    """Return the fields of a form that say which photo it is.

    Files have no name in it, because that may be a person's.
    """
    if isinstance(photo, S3Photo):
        prefix = field.removesuffix("image")
        fields = {f"{prefix}s3_key": photo.key, f"{prefix}s3_bucket": photo.bucket}
        return {name: value for name, value in fields.items() if value is not None}
    return {field: ("photo", bytes_of(photo), "application/octet-stream")}


def form_fields(**fields: object) -> dict[str, str]:
    """Return what forms and query strings say; fields that are None are left out."""
    return {name: _text(value) for name, value in fields.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)
