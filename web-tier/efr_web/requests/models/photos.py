"""Requests that bring photos, or name them."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from core.collections.matches import By
from core.collections.matching import MAX_MATCHES
from core.collections.shown.collections import Threshold
from core.jobs.index_job import (
    MAX_KEY_BYTES,
    WHOLE,
    CollectionId,
    ImageId,
    IndexOptions,
    IndexRequest,
    Metadata,
    MinQuality,
    PersonName,
    checked_key,
)
from core.jobs.recognition_job import DEFAULT_COLLECTION
from core.submission.batch_requests import MAX_KEYS
from efr_web.requests.models.base import RequestModel
from efr_web.requests.models.webhooks import WebhookUrl


def _checked_prefix(prefix: str) -> str:
    return checked_key(prefix) if prefix else prefix


S3Key = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_KEY_BYTES),
    AfterValidator(checked_key),
    Field(description="Key of a photo in an allowed bucket."),
]

S3Bucket = Annotated[
    str,
    StringConstraints(min_length=3, max_length=63),
    Field(description="One of ALLOWED_BUCKETS; may be left out when there is only one."),
]

Base64 = Annotated[
    str,
    StringConstraints(min_length=1),
    Field(
        description=(
            "A photo in base64; lines, missing padding, the URL-safe alphabet and data URIs are "
            "accepted. In a form it is a file."
        ),
        json_schema_extra={"contentEncoding": "base64"},
    ),
]

SearchBy = Annotated[
    By, Field(description="`person` for people, `face` for single enrolled faces.")
]

WantedMetadata = Annotated[
    Metadata, Field(description="Only people whose metadata have all of this are matches.")
]

MaxMatches = Annotated[int, Field(ge=1, le=MAX_MATCHES), WHOLE]


def _one_photo(prefix: str = "") -> dict[str, Any]:
    """Return the JSON schema of: an image or an S3 key, not both."""
    image, key, bucket = f"{prefix}image", f"{prefix}s3_key", f"{prefix}s3_bucket"
    text, nothing = {"type": "string"}, {"type": "null"}
    return {
        "anyOf": [
            {"required": [image], "properties": {image: text, key: nothing, bucket: nothing}},
            {"required": [key], "properties": {image: nothing, key: text}},
        ]
    }


def _other_photo_or_person() -> dict[str, Any]:
    nothing = {"type": "null"}
    nobody = {"properties": {"collection_id": nothing, "person": nothing}}
    no_photo = {f"other_{name}": nothing for name in ("image", "s3_key", "s3_bucket")}
    known = {"collection_id": {"type": "string"}, "person": {"type": "string"}}
    return {
        "anyOf": [
            {"allOf": [_one_photo("other_"), nobody]},
            {"required": list(known), "properties": known | no_photo},
        ]
    }


def _with(*conditions: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"allOf": list(conditions)})


class PhotoFields(RequestModel):
    """A photo: ``image``, or ``s3_key`` with its ``s3_bucket``."""

    model_config = _with(_one_photo())

    image: Base64 | None = None
    s3_key: S3Key | None = None
    s3_bucket: S3Bucket | None = None


class UploadForm(RequestModel):
    """The fields beside the file of an upload."""

    collection_id: CollectionId = DEFAULT_COLLECTION
    min_quality: MinQuality | None = None
    callback_url: WebhookUrl | None = None


class IndexPhoto(IndexRequest, PhotoFields):
    """A photo whose faces are to be added to a collection.

    With a `person` the largest face is that person's, and no other is added; none is if
    others are nearly as large, unless `largest` is true. `box` says which face is meant.
    """

    image_id: ImageId


class OfferUpload(RequestModel):
    """A photo that the caller will send to S3, and what it is to be indexed for."""

    collection_id: CollectionId
    person: PersonName | None = None
    filename: Annotated[str, StringConstraints(min_length=1, max_length=255)] = "photo.jpg"


class IndexBatch(IndexOptions, RequestModel):
    """Photos of an allowed bucket, by keys or by a prefix."""

    model_config = _with(
        {
            "anyOf": [
                {
                    "required": ["s3_keys"],
                    "properties": {"s3_keys": {"type": "array"}, "s3_prefix": {"type": "null"}},
                },
                {
                    "required": ["s3_prefix"],
                    "properties": {"s3_keys": {"type": "null"}, "s3_prefix": {"type": "string"}},
                },
            ]
        }
    )

    s3_bucket: S3Bucket | None = None
    s3_keys: (
        Annotated[
            list[ImageId],
            Field(min_length=1, max_length=MAX_KEYS, json_schema_extra={"uniqueItems": True}),
        ]
        | None
    ) = None
    s3_prefix: (
        Annotated[
            str,
            StringConstraints(max_length=MAX_KEY_BYTES),
            AfterValidator(_checked_prefix),
            Field(description="Empty for all keys of the bucket; 10,000 at most."),
        ]
        | None
    ) = None


class MatchPhoto(PhotoFields):
    """A photo whose faces a search looks for in a collection."""

    collection_id: CollectionId
    by: SearchBy = "person"
    threshold: Threshold | None = None
    max_matches: MaxMatches = 10
    metadata: WantedMetadata = Field(default_factory=dict)
    all_faces: bool = False
    min_quality: MinQuality | None = None


class SearchFace(RequestModel):
    """How to search for who else is like an enrolled face."""

    by: SearchBy = "person"
    threshold: Threshold | None = None
    max_matches: MaxMatches = 10
    metadata: WantedMetadata = Field(default_factory=dict)


class VerifyPhoto(PhotoFields):
    """A photo, and either another one or an enrolled person."""

    model_config = _with(_one_photo(), _other_photo_or_person())

    other_image: Base64 | None = None
    other_s3_key: S3Key | None = None
    other_s3_bucket: S3Bucket | None = None
    collection_id: CollectionId | None = None
    person: PersonName | None = None
    threshold: Threshold | None = None
