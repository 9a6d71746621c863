"""Requests to a server, whose errors are raised as this process would raise them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from core.errors import FaceServiceError
from efr_cli.errors import Refused
from elastic_face.errors import ServiceError, kind_of
from elastic_face.photo import photo_fields
from elastic_face.transport import Answer, Transport

_TRIES: Final = 6


class Http:
    """Asks one server, with a key if there is one.

    A request that the server has refused for now is sent again, after the time that it tells. A
    server that is not there is said so at once.
    """

    def __init__(self, server: str, key: str) -> None:
        self._transport = Transport(server, key, tries=_TRIES, reconnects=0)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Return the answer to a request.

        Raises
        ------
        FaceServiceError
            As the server says.
        Refused
            If there is no such server, or it is another one.
        """
        with _own_errors():
            return self._transport.ask(method, path, query=query, json=json)

    def send_photo(self, path: str, photo: bytes, form: Mapping[str, str]) -> Answer:
        """Return the answer to a photo that may be sent twice; raises what `ask` raises."""
        with _own_errors():
            return self._transport.ask(
                "POST", path, form={**form, **photo_fields(photo)}, repeatable=True
            )


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except ServiceError as error:
        raise _own(error) from error


def _own(error: ServiceError) -> FaceServiceError | Refused:
    kind, message = kind_of(error.code), error.message
    return Refused(error.code, message) if kind is None else kind(message)
