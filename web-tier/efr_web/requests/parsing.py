"""What requests say, read into models: JSON, forms and query strings."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, TypeVar

from flask import request
from gunicorn.http.errors import ParseException
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType

from core.errors import (
    BadRequest,
    FaceNotFound,
    InvalidCollectionId,
    InvalidRequest,
    RequestTimedOut,
)
from core.ground.ids import is_face_id

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"

MAX_JSON_BYTES: Final = 2 * 1024 * 1024
_MAX_COMMAS: Final = 100_000
"""In a JSON body: it bounds what the values take in memory. A photo in base64 has none."""
_MAX_PROBLEMS: Final = 4
_MAX_LISTED: Final = 100
_JSON_FIELDS: Final = frozenset({"metadata"})
"""Fields of forms that hold JSON."""

_NO_FIELD: Final = "there is no such field"

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def read_json(model: type[M]) -> M:
    """Return the body of a request that takes nothing but JSON."""
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"the body must be {JSON}")
    request.max_content_length = MAX_JSON_BYTES
    try:
        return read_json_body(model)
    except RequestEntityTooLarge as error:
        raise InvalidRequest(f"the body is over {MAX_JSON_BYTES} bytes") from error


def read_json_body(model: type[M]) -> M:
    """Return the JSON of a body; what it may be long was set before."""
    with reading():
        raw = request.get_data(cache=False)
    if raw.count(b",") > _MAX_COMMAS:
        raise InvalidRequest(f"the body has over {_MAX_COMMAS} values")
    return _checked(lambda text: model.model_validate_json(text, strict=True), raw)


def read_form(model: type[M], *, files: Collection[str]) -> tuple[M, dict[str, FileStorage]]:
    """Return the fields and the files of a form; ``files`` are those that it may have."""
    with reading():
        form, sent = request.form, request.files
    _refuse(name for name in sent if name not in files)
    for name in files:
        if name in form:
            raise InvalidRequest(f"{name}: in a form it must be a file")
    fields: dict[str, Any] = _single(form)
    for name in _JSON_FIELDS & fields.keys():
        fields[name] = _parsed(name, fields[name])
    return _checked(model.model_validate_strings, fields), _single(sent)


def read_query(model: type[M]) -> M:
    """Return what the query string says."""
    return _checked(model.model_validate_strings, _single(request.args))


def refuse_misplaced(query: type[BaseModel] | None, *, takes_body: bool) -> None:
    """Refuse what a call takes neither in its query string nor as a body.

    Parameters
    ----------
    query : model, optional
        The parameters that may stand in the query string; none when not given.

    Raises
    ------
    InvalidRequest
        If there are others, or a body where none is taken. The text names them.
    """
    known = query.model_fields if query else {}
    place = "the query string has no such parameter"
    if takes_body:
        place += "; fields stand in the body"
    _refuse((name for name in request.args if name not in known), place)
    # No look into the body: one that is empty in spite of its header is refused, too.
    if not takes_body and (request.content_length or "Transfer-Encoding" in request.headers):
        raise InvalidRequest("this call takes no body")


def read_text(model: type[M], **fields: str) -> M:
    """Return texts from elsewhere, such as the path, as a model."""
    return _checked(model.model_validate_strings, fields)


@contextmanager
def reading() -> Iterator[None]:
    """Name what goes wrong while a body is read."""
    try:
        yield
    except ClientDisconnected as error:  # or gunicorn_conf.py's timeout
        raise RequestTimedOut("the rest of the body did not come") from error
    except ParseException as error:
        raise BadRequest(f"the body can't be read: {error}") from error


def _refuse(names: Iterable[str], why: str = _NO_FIELD) -> None:
    told = [f"{name[:100]}: {why}" for name in islice(names, _MAX_PROBLEMS)]
    if told:
        raise InvalidRequest("; ".join(told))


def _single(given: MultiDict[str, T]) -> dict[str, T]:
    for name, values in given.lists():
        if len(values) > 1:
            raise InvalidRequest(f"{name[:100]}: it comes {len(values)} times")
    return given.to_dict()


def _parsed(name: str, text: str) -> Any:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{name}: it is not JSON") from error
    if not isinstance(parsed, dict):
        raise InvalidRequest(f"{name}: it must be an object")
    return parsed


def _checked(validate: Callable[[T], M], given: T) -> M:
    try:
        return validate(given)
    except ValidationError as error:
        # To list them takes a second per 100,000.
        if error.error_count() > _MAX_LISTED:
            raise InvalidRequest(f"there are {error.error_count()} problems") from None
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        texts = "; ".join(_told(problem) for problem in problems[:_MAX_PROBLEMS])
        raise _kind(problems[0])(texts) from None


def _kind(problem: Mapping[str, Any]) -> type[InvalidRequest] | type[InvalidCollectionId]:
    """Give malformed collection ids the code that they have in paths too."""
    is_id = problem["loc"] == ("collection_id",) and problem["type"] == "string_pattern_mismatch"
    return InvalidCollectionId if is_id else InvalidRequest


def _told(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "extra_forbidden":
        text = _NO_FIELD
    else:
        text = str(problem["msg"]).removeprefix("Value error, ")
    place = ".".join(str(part) for part in problem["loc"])[:100]
    return f"{place}: {text}" if place else text


def checked_face_id(face_id: str) -> str:
    """Return the id of a face that may be enrolled; ``FaceNotFound`` if none can have it."""
    if not is_face_id(face_id):
        raise FaceNotFound("a face id is a UUID, in lower case")
    return face_id
