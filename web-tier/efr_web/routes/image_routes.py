"""Pictures of enrolled faces."""

from flask import Response
from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.errors import CropNotKept, FaceNotFound
from efr_web.caller import visible
from efr_web.openapi.operation import COLLECTION, INDEX, Answer, Api, Operation
from efr_web.requests.parsing import checked_face_id

_JPEG = "image/jpeg"


def add_image_routes(api: Api, parts: WebParts) -> None:
    """Add ``…/faces/{face_id}/image``."""

    @api.route("GET", "/collections/<collection_id>/faces/<face_id>/image", FACE_IMAGE)
    def face_image(collection_id: str, face_id: str) -> ResponseReturnValue:
        crop = visible(parts).people.crop(collection_id, checked_face_id(face_id))
        return Response(crop, mimetype=_JPEG)


FACE_IMAGE = Operation(
    tag="People",
    access="enrol",
    summary="Show an enrolled face",
    text=(
        "The picture has 160 pixels a side: the face, upright, with a margin. It may not be "
        "cached. `CROP_NOT_KEPT` if the service keeps none (`KEEP_FACE_CROPS`), or did not when "
        "the face was enrolled, or the face was imported."
    ),
    answers={200: Answer(text="The picture.", media=_JPEG)},
    errors=(*COLLECTION, *INDEX, FaceNotFound, CropNotKept),
    curl="-o face.jpg /collections/staff/faces/6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11/image",
)
