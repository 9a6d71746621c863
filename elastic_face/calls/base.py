"""What all calls have in common: a transport, typed answers, pages, receipts."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from elastic_face.answers import Receipt
from elastic_face.errors import ServerUnknown
from elastic_face.photo import form_fields
from elastic_face.transport import Answer, Transport

_PAGE: Final = 1000

_ADAPTERS: Final[dict[Any, TypeAdapter[Any]]] = {}
"""Made once for each kind of answer."""

T = TypeVar("T")


class Keep(Enum):
    """What a change does not name: the field stays as it is, where None would take it away."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


class Calls:
    """Calls of one service."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, kind: type[T], path: str, **query: object) -> T:
        return read(kind, self._transport.ask("GET", path, query=form_fields(**query)))

    def _pages(
        self, kind: type[T], path: str, *, limit: int | None = None, **query: object
    ) -> Iterator[T]:
        """Yield the pages of a list, each asked for when it is needed."""
        token: str | None = None
        while True:
            page = self._get(kind, path, **query, limit=limit or _PAGE, next_token=token)
            yield page
            token = getattr(page, "next_token", None)
            if not token:
                return

    def _erase(self, path: str) -> Receipt:
        erased = self._transport.ask("DELETE", path)
        return self._get(Receipt, erased.headers["Receipt"])

    def receipt(self, receipt_id: str) -> Receipt:
        """Return the receipt of an erasure."""
        return self._get(Receipt, path_of("receipts", receipt_id))


def path_of(*parts: str) -> str:
    """Return a path, each part of which may hold any character."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields of a body that are to be said: all but those that are `KEEP`."""
    return {name: value for name, value in fields.items() if value is not KEEP}


def read(kind: type[T], answer: Answer) -> T:
    """Return an answer as what it is.

    Raises
    ------
    ServerUnknown
        If it is something else.
    """
    try:
        found: T = _adapter(kind).validate_json(answer.data)
    except ValidationError as error:
        # Not the values themselves: they may be names.
        places = {".".join(map(str, each["loc"])) or "body" for each in error.errors()}
        raise ServerUnknown(
            f"the answer is no {kind.__name__}: {', '.join(sorted(places))}",
            code="SERVER_UNKNOWN",
            status=answer.status,
            request_id=answer.headers.get("X-Request-ID"),
        ) from None
    return found


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
