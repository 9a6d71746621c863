"""How a request's photos are read: as a file, in base64, or from an allowed bucket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import UnsupportedMediaType

from core.errors import InvalidRequest
from core.jobs.photo_sources import PhotoSources
from efr_web.requests.encoded import MOST_PER_BYTE, decoded
from efr_web.requests.models.photos import PhotoFields
from efr_web.requests.parsing import FORM, JSON, MAX_JSON_BYTES, read_form, read_json_body

OVERHEAD_BYTES: Final = 64 * 1024
"""What may stand in a body beside its photos."""

P = TypeVar("P", bound=PhotoFields)


def most_body_bytes(max_file_bytes: int) -> int:
    """Return the longest body that any call takes: JSON with two photos."""
    return max(_body_bytes(2, max_file_bytes), MAX_JSON_BYTES)


def _body_bytes(photos: int, max_file_bytes: int) -> int:
    return photos * int(max_file_bytes * MOST_PER_BYTE) + OVERHEAD_BYTES


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photo and the caller's name for it, which is any text."""

    content: bytes
    filename: str


@dataclass(frozen=True, kw_only=True)
class PhotoReader:
    """Reads requests with photos.

    Parameters
    ----------
    sources : callable
        Returns the buckets from which the caller may name photos.
    check : callable
        Raises ``InvalidPhoto`` for a photo that can't be used.
    max_file_bytes : int
        Largest photo.
    """

    sources: Callable[[], PhotoSources]
    check: Callable[[bytes], None]
    max_file_bytes: int

    def read(self, model: type[P]) -> tuple[P, Photo]:
        """Return what a request with one photo says, and the photo."""
        body, files = self._body(model, "image")
        return body, self._required(body, files)

    def read_two(self, model: type[P]) -> tuple[P, Photo, Photo | None]:
        """Return what a request says whose second photo may be left out."""
        body, files = self._body(model, "image", "other_image")
        return body, self._required(body, files), self._photo(body, files, "other_")

    def _body(self, model: type[P], *images: str) -> tuple[P, Mapping[str, FileStorage]]:
        request.max_content_length = _body_bytes(len(images), self.max_file_bytes)
        if request.mimetype == JSON:
            return read_json_body(model), {}
        if request.mimetype != FORM:
            raise UnsupportedMediaType(f"the body must be {JSON} or {FORM}")
        return read_form(model, files=images)

    def _required(self, body: P, files: Mapping[str, FileStorage]) -> Photo:
        photo = self._photo(body, files, "")
        if photo is None:
            raise InvalidRequest("image: it is missing; give it, or s3_key")
        return photo

    def _photo(self, body: P, files: Mapping[str, FileStorage], prefix: str) -> Photo | None:
        image, key, bucket = f"{prefix}image", f"{prefix}s3_key", f"{prefix}s3_bucket"
        encoded: str | None = getattr(body, image)
        s3_key: str | None = getattr(body, key)
        s3_bucket: str | None = getattr(body, bucket)
        has_image = image in files or encoded is not None
        if has_image and s3_key is not None:
            raise InvalidRequest(f"{image}, {key}: give one of them, not both")
        if s3_bucket is not None and s3_key is None:
            raise InvalidRequest(f"{bucket}: it goes only with {key}")
        if s3_key is not None:
            photo = Photo(content=self.sources().photo(s3_bucket, s3_key).body, filename=s3_key)
        elif image in files:
            photo = uploaded(files[image])
        elif encoded is not None:
            photo = Photo(content=decoded(image, encoded), filename="")
        else:
            return None
        self.check(photo.content)
        return photo


def uploaded(file: FileStorage) -> Photo:
    """Return the photo that a file of a form holds."""
    return Photo(content=file.read(), filename=file.filename or "")
