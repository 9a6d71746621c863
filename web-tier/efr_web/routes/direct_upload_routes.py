"""Places in S3 to which callers send the photos of large albums themselves."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.errors import NoDirectUploads
from efr_web.caller import visible
from efr_web.openapi.operation import COLLECTION, JSON_BODY, Answer, Api, Body, Operation, curl_json
from efr_web.requests.models.photos import OfferUpload
from efr_web.requests.parsing import read_json
from efr_web.schemas.jobs import UploadOffered


def add_direct_upload_routes(api: Api, parts: WebParts) -> None:
    """Add ``/uploads``."""

    @api.route("POST", "/uploads", OFFER)
    def offer_upload() -> ResponseReturnValue:
        body = read_json(OfferUpload)
        offer = visible(parts).direct_uploads.offer(body.filename, body.collection_id, body.person)
        answer = UploadOffered(
            s3_bucket=offer.bucket,
            s3_key=offer.key,
            url=offer.form.url,
            fields=dict(offer.form.fields),
            expires_at=offer.expires_at,
        )
        response = jsonify(answer.model_dump(mode="json"))
        response.status_code = 201
        return response


OFFER = Operation(
    tag="Faces",
    access="enrol",
    limit="bulk",
    summary="Ask for a place for one photo of an album",
    text=(
        "Post a form with all of `fields` and the photo as `file` to `url`, until `expires_at`. "
        "Then index `s3_key` of `s3_bucket` in a batch, for the same collection and person. A "
        "photo that is never indexed expires after `RETENTION_DAYS`, and is erased with its "
        "collection or person."
    ),
    body=Body(json=OfferUpload),
    answers={201: Answer(text="A place.", models=(UploadOffered,))},
    errors=(*JSON_BODY, *COLLECTION, NoDirectUploads),
    curl=curl_json("/uploads", {"collection_id": "staff", "filename": "ada.jpg"}),
)
