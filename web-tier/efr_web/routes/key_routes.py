"""What the caller's key may do, so that a page or a program can offer only that."""

from flask.typing import ResponseReturnValue

from efr_web.caller import caller
from efr_web.openapi.operation import Answer, Api, Operation
from efr_web.schemas.service import KeyDescription


def add_key_routes(api: Api) -> None:
    """Add ``/key``."""

    @api.route("GET", "/key", KEY)
    def describe_key() -> ResponseReturnValue:
        return KeyDescription.of(caller().key).model_dump(mode="json")


KEY = Operation(
    tag="Service",
    access="any key",
    summary="What may my key do?",
    text=(
        "`scopes` are those of the key, and `collections` the patterns of the ids that it may "
        "know. Where the service has no keys, the answer is that of one that may do all, and the "
        "other fields are null."
    ),
    answers={200: Answer(text="What the key may do.", models=(KeyDescription,))},
    curl="/key",
)
