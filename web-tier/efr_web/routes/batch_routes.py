"""The list of batches."""

import re

from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.errors import InvalidRequest, StorageUnavailable
from efr_web.caller import visible
from efr_web.openapi.operation import Answer, Api, Operation
from efr_web.requests.models.pages import BatchPageQuery
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import read_query
from efr_web.schemas.jobs import BatchList


def add_batch_routes(api: Api, parts: WebParts) -> None:
    """Add ``/batches``."""

    @api.route("GET", "/batches", LIST_BATCHES)
    def list_batches() -> ResponseReturnValue:
        page = read_query(BatchPageQuery)
        after = decode_cursor(page.next_token, _is_place)
        found, place = visible(parts).batches.newest(limit=page.limit, after=after)
        return BatchList(
            batches=found, next_token=None if place is None else encode_cursor(place)
        ).model_dump(mode="json")


def _is_place(text: str) -> bool:
    return re.fullmatch(r"[0-9]{11}-[0-9a-f-]{36}", text) is not None


LIST_BATCHES = Operation(
    tag="Faces",
    access="enrol",
    summary="List the batches",
    text=(
        "The newest comes first. `photos_per_s` is the mean since a batch was accepted, and tells "
        "when its end is expected. Batches of older versions of the service are not listed."
    ),
    query=BatchPageQuery,
    answers={200: Answer(text="A page of the list.", models=(BatchList,))},
    errors=(InvalidRequest, StorageUnavailable),
    curl="/batches?limit=10",
)
