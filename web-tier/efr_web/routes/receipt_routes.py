"""Receipts of erasures: where an answer names one, and what it says."""

from flask import current_app, url_for
from flask.typing import ResponseReturnValue

from core.bootstrap.web import WebParts
from core.collections.erasing.receipts import Receipt
from core.errors import ReceiptNotFound, StorageUnavailable
from efr_web.caller import visible
from efr_web.openapi.operation import Answer, Api, Operation


def add_receipt_routes(api: Api, parts: WebParts) -> None:
    """Add ``/receipts/{receipt_id}``."""

    @api.route("GET", "/receipts/<receipt_id>", RECEIPT)
    def receipt(receipt_id: str) -> ResponseReturnValue:
        return visible(parts).receipts.get(receipt_id).model_dump(mode="json")


def erased(receipt: Receipt) -> ResponseReturnValue:
    """Return the answer to a request that erased something."""
    response = current_app.response_class(status=204)
    response.headers["Receipt"] = url_for("receipt", receipt_id=receipt.receipt_id)
    return response


GONE = Answer(
    text="Nothing is left of it; `Receipt` is the path of a receipt.", headers=("Receipt",)
)
RECEIPT = Operation(
    tag="Service",
    access="erase",
    summary="Read the receipt of an erasure",
    text=(
        "Says what was removed, when, by which key and request, and that nothing was found "
        "afterwards. `person` is the keyed hash of the name. Receipts hold no names."
    ),
    answers={200: Answer(text="The receipt.", models=(Receipt,))},
    errors=(ReceiptNotFound, StorageUnavailable),
    curl="/receipts/2026-11-30T12-00-05-123456-8f323fc7-d47f-4792-bd59-413577fc04bf",
)
