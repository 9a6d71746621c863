"""Photos and faces: index, match, verify, detect."""

from flask import Response, jsonify, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from core.bootstrap.web import WebParts
from core.collections.matches import Matched, Verified
from core.collections.matching import Matching
from core.errors import (
    BatchNotFound,
    InvalidRequest,
    ModelMismatch,
    NoFaceFound,
    ObjectMissing,
    PersonNotFound,
    QuotaExceeded,
    StorageUnavailable,
    TooManyJobs,
)
from core.jobs.recognition_job import DetectedFace, RecognisedPhoto
from efr_web.caller import caller, visible
from efr_web.middleware import note_job
from efr_web.openapi.operation import (
    COLLECTION,
    HANDED_OVER,
    INDEX,
    JSON_BODY,
    PHOTO,
    RECOGNITION,
    SOURCE,
    Answer,
    Api,
    Body,
    Operation,
    curl_json,
)
from efr_web.requests.models.pages import PageQuery
from efr_web.requests.models.photos import (
    IndexBatch,
    IndexPhoto,
    MatchPhoto,
    PhotoFields,
    VerifyPhoto,
)
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import read_json, read_query
from efr_web.requests.photos import Photo, PhotoReader
from efr_web.schemas.faces import Detected
from efr_web.schemas.jobs import BatchStatus, BatchSubmitted, JobSubmitted


def add_face_routes(api: Api, parts: WebParts, reader: PhotoReader) -> None:
    """Add ``/faces/…`` and ``/batches/{batch_id}``."""
    _add_index_route(api, parts, reader)
    _add_batch_routes(api, parts)
    _add_search_routes(api, parts, reader)
    _add_detect_route(api, parts, reader)


def _add_index_route(api: Api, parts: WebParts, reader: PhotoReader) -> None:
    @api.route("POST", "/faces/index", INDEX_PHOTO)
    def index_photo() -> ResponseReturnValue:
        body, photo = reader.read(IndexPhoto)
        visible(parts).quotas.check_faces()
        requests = visible(parts).index_requests
        job_id = requests.submit(
            photo.content, body.image_id, photo.filename, body, caller().author
        )
        note_job(job_id)
        return _submitted(JobSubmitted(job_id=job_id), url_for("status", job_id=job_id))


def _add_batch_routes(api: Api, parts: WebParts) -> None:
    @api.route("POST", "/faces/index/batch", INDEX_BATCH)
    def index_batch() -> ResponseReturnValue:
        batch_requests = visible(parts).batch_requests
        body = read_json(IndexBatch)

        def admit(photos: int) -> None:
            visible(parts).quotas.check_faces()
            api.meter.charge("bulk", cost=photos)

        if (body.s3_keys is None) == (body.s3_prefix is None):
            raise InvalidRequest("s3_keys, s3_prefix: give exactly one of them")
        if body.s3_keys is not None:
            batch_id = batch_requests.submit_keys(
                body.s3_bucket, body.s3_keys, body, caller().author, admit=admit
            )
        else:
            batch_id = batch_requests.submit_prefix(
                body.s3_bucket, body.s3_prefix or "", body, caller().author, admit=admit
            )
        location = url_for("batch_status", batch_id=batch_id)
        return _submitted(BatchSubmitted(batch_id=batch_id), location)

    @api.route("GET", "/batches/<batch_id>", BATCH_STATUS)
    def batch_status(batch_id: str) -> ResponseReturnValue:
        page = read_query(PageQuery)
        start = int(decode_cursor(page.next_token, _is_position) or 0)
        found = visible(parts).batches.status(batch_id, limit=page.limit, start=start)
        if start and not found.outcomes:
            raise InvalidRequest("next_token: it is not one of this batch")
        end = start + len(found.outcomes)
        next_token = encode_cursor(str(end)) if end < found.total else None
        return BatchStatus(**dict(found), next_token=next_token).model_dump(mode="json")


def _add_search_routes(api: Api, parts: WebParts, reader: PhotoReader) -> None:
    @api.route("POST", "/faces/match", MATCH)
    def match_photo() -> ResponseReturnValue:
        body, photo = reader.read(MatchPhoto)
        return (
            visible(parts)
            .matching.match(
                photo.content,
                body.collection_id,
                threshold=body.threshold,
                max_matches=body.max_matches,
                all_faces=body.all_faces,
                min_quality=body.min_quality,
                by=body.by,
                metadata=body.metadata,
            )
            .model_dump(mode="json")
        )

    @api.route("POST", "/faces/verify", VERIFY)
    def verify_photo() -> ResponseReturnValue:
        body, photo, other = reader.read_two(VerifyPhoto)
        return _verified(visible(parts).matching, body, photo, other).model_dump()


def _add_detect_route(api: Api, parts: WebParts, reader: PhotoReader) -> None:
    @api.route("POST", "/faces/detect", DETECT)
    def detect_faces() -> ResponseReturnValue:
        _, photo = reader.read(PhotoFields)
        found = visible(parts).matching.detect(photo.content)
        return Detected(
            faces=[DetectedFace.of(face) for face in found.faces],
            **dict(RecognisedPhoto.of(found)),
        ).model_dump(mode="json")


def _verified(matching: Matching, body: VerifyPhoto, photo: Photo, other: Photo | None) -> Verified:
    if (body.collection_id is None) != (body.person is None):
        raise InvalidRequest("collection_id, person: they go together")
    if (other is None) == (body.person is None):
        raise InvalidRequest("other_image, person: give exactly one of them")
    if other is not None:
        return matching.verify_photos(photo.content, other.content, threshold=body.threshold)
    return matching.verify_person(
        photo.content, body.collection_id or "", body.person or "", threshold=body.threshold
    )


def _is_position(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _submitted(answer: BaseModel, location: str) -> Response:
    response = jsonify(answer.model_dump())
    response.status_code = 202
    response.headers["Location"] = location
    return response


_PERSON_NOTE = (
    "With a `person` only the largest face is added, as that person's. If other faces are nearly "
    "as large, none is added unless `largest` is true."
)
_QUALITY_NOTE = (
    "Faces with a quality under `min_quality`, or under the service's own bound, are not added "
    "(`LOW_QUALITY`)."
)
_BOX_NOTE = "`box` says where the face is, and only that face is added."
INDEX_PHOTO = Operation(
    tag="Faces",
    access="enrol",
    limit="bulk",
    summary="Add the faces of a photo to a collection",
    text=(
        "The workers add them; ask for the job's status. Its result lists `face_records`, and "
        f"`unindexed_faces` with reasons. {_PERSON_NOTE} {_BOX_NOTE} A request with the same "
        "collection and `image_id` replaces the faces. The same photo under another person's "
        f"name adds nothing (`SAME_PHOTO`). {_QUALITY_NOTE}"
    ),
    body=Body(json=IndexPhoto, form=IndexPhoto, files=("image",)),
    answers={
        202: Answer(text="The photo was accepted.", models=(JobSubmitted,), headers=("Location",))
    },
    errors=(*PHOTO, *COLLECTION, *HANDED_OVER, QuotaExceeded, TooManyJobs),
    actions=("enrol",),
    curl="-F image=@ada.jpg -F collection_id=staff -F image_id=ada-1 -F person=Ada /faces/index",
)
INDEX_BATCH = Operation(
    tag="Faces",
    access="enrol",
    limit="reads",  # the photos are charged for when they are counted
    summary="Add the faces of many photos to a collection",
    text=(
        "Give up to 1,000 keys, or a prefix of up to 10,000 keys. Each photo's key is its "
        f"`image_id`. Photos that were sent to places of `POST /uploads` are named by their keys. "
        f"{_PERSON_NOTE} {_QUALITY_NOTE} Each photo counts for the limit `bulk`."
    ),
    body=Body(json=IndexBatch),
    answers={
        202: Answer(
            text="The photos were accepted.", models=(BatchSubmitted,), headers=("Location",)
        )
    },
    errors=(
        *JSON_BODY,
        *COLLECTION,
        *SOURCE,
        ObjectMissing,
        *HANDED_OVER,
        QuotaExceeded,
        TooManyJobs,
    ),
    actions=("enrol_batch",),
    curl=curl_json(
        "/faces/index/batch",
        {"collection_id": "staff", "s3_bucket": "album", "s3_prefix": "2026/"},
    ),
)
BATCH_STATUS = Operation(
    tag="Faces",
    access="enrol",
    summary="Ask how far a batch is",
    text="Counts all photos and describes a page of them, in the order of the request.",
    query=PageQuery,
    answers={200: Answer(text="The counts and a page of outcomes.", models=(BatchStatus,))},
    errors=(InvalidRequest, BatchNotFound, StorageUnavailable),
    curl="/batches/8f323fc7-d47f-4792-bd59-413577fc04bf?limit=10",
)
MATCH = Operation(
    tag="Faces",
    access="recognise",
    limit="recognition",
    summary="Search a collection for a face",
    text=(
        "Searches for the people who are like the largest face, or all faces with `all_faces`: by "
        "templates of all their enrolled faces, and nobody is a match of two faces. `by=face` "
        "searches for single enrolled faces. A photo without a face is answered with an empty "
        "list. `threshold` is the lowest similarity (0 to 100), by default "
        "the collection's. `metadata` leaves only people whose own metadata have all of it, among "
        "the 1,000 most similar. The service does not search for a face whose quality is under "
        "`min_quality`, or under its own bound: the face's `warning` is `NOT_SEARCHED`. "
        "`POOR_FACE` warns of matches that rest on a poor face."
    ),
    body=Body(json=MatchPhoto, form=MatchPhoto, files=("image",)),
    answers={200: Answer(text="The faces with their matches.", models=(Matched,))},
    errors=(*PHOTO, *COLLECTION, *INDEX, *RECOGNITION, ModelMismatch),
    curl="-F image=@ada.jpg -F collection_id=staff -F max_matches=3 /faces/match",
)
VERIFY = Operation(
    tag="Faces",
    access="recognise",
    limit="recognition",
    summary="Are two faces one person's?",
    text=(
        "Compares the largest faces of two photos, or of one photo with the template of an "
        "enrolled person. `threshold` is the lowest similarity (0 to 100) for `same`, by default "
        "the service's own or the collection's."
    ),
    body=Body(json=VerifyPhoto, form=VerifyPhoto, files=("image", "other_image")),
    answers={200: Answer(text="Whether they are the same person.", models=(Verified,))},
    errors=(*PHOTO, *COLLECTION, *INDEX, *RECOGNITION, ModelMismatch, NoFaceFound, PersonNotFound),
    curl="-F image=@ada.jpg -F other_image=@ada2.jpg /faces/verify",
)
DETECT = Operation(
    tag="Faces",
    access="recognise",
    limit="recognition",
    summary="Find the faces of a photo",
    text="Answers boxes, landmarks and quality. Nothing is stored.",
    body=Body(json=PhotoFields, form=PhotoFields, files=("image",)),
    answers={200: Answer(text="The faces, largest first.", models=(Detected,))},
    errors=(*PHOTO, *RECOGNITION),
    curl="-F image=@ada.jpg /faces/detect",
)
