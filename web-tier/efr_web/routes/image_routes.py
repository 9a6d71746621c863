"""Pictures of enrolled faces, and the faces of a photo."""

from flask import Response
from flask.typing import ResponseReturnValue
from werkzeug.routing import PathConverter

from core.bootstrap.web import WebParts
from core.collections.shown.faces import KnownFace
from core.errors import CropNotKept, FaceNotFound, ImageNotFound
from core.jobs.index_job import is_key
from efr_web.caller import caller, visible
from efr_web.openapi.operation import COLLECTION, INDEX, Answer, Api, Operation
from efr_web.requests.parsing import checked_face_id
from efr_web.routes.receipt_routes import GONE, erased
from efr_web.schemas.faces import ImageFaces

_JPEG = "image/jpeg"
_IMAGE = "/collections/<collection_id>/images/<rest:image_id>"


class RestConverter(PathConverter):
    """The rest of a path, slashes included: image ids are keys of photos."""

    regex = "(?s:.+)"
    part_isolating = False


def add_image_routes(api: Api, parts: WebParts) -> None:
    """Add ``…/faces/{face_id}/image`` and ``…/images/{image_id}``."""
    api.app.url_map.converters["rest"] = RestConverter

    @api.route("GET", "/collections/<collection_id>/faces/<face_id>/image", FACE_IMAGE)
    def face_image(collection_id: str, face_id: str) -> ResponseReturnValue:
        crop = visible(parts).people.crop(collection_id, checked_face_id(face_id))
        return Response(crop, mimetype=_JPEG)

    @api.route("GET", _IMAGE, SHOW_IMAGE)
    def show_image(collection_id: str, image_id: str) -> ResponseReturnValue:
        found = visible(parts).people.faces_on(collection_id, _checked(image_id))
        persons = dict.fromkeys(face.person for face in found if face.person is not None)
        return ImageFaces(
            image_id=image_id, persons=list(persons), faces=[KnownFace.of(face) for face in found]
        ).model_dump(mode="json")

    @api.route("DELETE", _IMAGE, DELETE_IMAGE)
    def delete_image(collection_id: str, image_id: str) -> ResponseReturnValue:
        erasure = visible(parts).erasure
        return erased(erasure.image(collection_id, _checked(image_id), caller().author))


def _checked(image_id: str) -> str:
    if not is_key(image_id):
        raise ImageNotFound("an image id is 1 to 1024 bytes without control characters")
    return image_id


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
_ENCODED = "Percent-encode the id in the path; a slash may be `/` or `%2F`."
_IMPORTED = "Faces that were imported from another collection are not found by their photo."
SHOW_IMAGE = Operation(
    tag="People",
    access="enrol",
    summary="Show the faces of a photo",
    text=f"The largest face comes first. {_ENCODED} {_IMPORTED}",
    answers={200: Answer(text="The faces and their people.", models=(ImageFaces,))},
    errors=(*COLLECTION, *INDEX, ImageNotFound),
    curl="/collections/staff/images/2026/ada.jpg",
)
DELETE_IMAGE = Operation(
    tag="People",
    access="erase",
    summary="Erase the faces of a photo",
    text=(
        "Erases all its enrolled faces, the stored photo and its result. A photo of that id that "
        f"waits is not enrolled any more. {_ENCODED} A second request is answered "
        "`IMAGE_NOT_FOUND`."
    ),
    answers={204: GONE},
    actions=("erase_image",),
    errors=(*COLLECTION, *INDEX, ImageNotFound),
    curl="-X DELETE /collections/staff/images/2026/ada.jpg",
)
