"""What requests say, read into models: JSON, forms and query strings."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from flask import request
from gunicorn.http.errors import ParseException
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType

from core.errors import BadRequest, InvalidCollectionId, InvalidRequest, RequestTimedOut

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"

_MAX_JSON_BYTES: Final = 2 * 1024 * 1024
_MAX_PROBLEMS: Final = 3
_JSON_FIELDS: Final = frozenset({"metadata"})
"""Fields of forms that hold JSON."""

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def read_json(model: type[M]) -> M:
    """Return the body of a request that takes nothing but JSON."""
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"the body must be {JSON}")
    request.max_content_length = _MAX_JSON_BYTES
    try:
        return read_json_body(model)
    except RequestEntityTooLarge as error:
        raise InvalidRequest(f"the body is over {_MAX_JSON_BYTES} bytes") from error


def read_json_body(model: type[M]) -> M:
    """Return the JSON of a body; what it may be long was set before."""
    with reading():
        raw = request.get_data(cache=False)
    return _checked(lambda text: model.model_validate_json(text, strict=True), raw)


def read_form(model: type[M]) -> tuple[M, dict[str, FileStorage]]:
    """Return the fields and the files of a form."""
    with reading():
        form, files = request.form, request.files
    fields: dict[str, Any] = _single(form)
    for name in _JSON_FIELDS & fields.keys():
        fields[name] = _parsed(name, fields[name])
    return _checked(model.model_validate_strings, fields), _single(files)


def read_query(model: type[M]) -> M:
    """Return what the query string says."""
    return _checked(model.model_validate_strings, _single(request.args))


def read_text(model: type[M], **fields: str) -> M:
    """Return texts from elsewhere, such as the path, as a model."""
    return _checked(model.model_validate_strings, fields)


@contextmanager
def reading() -> Iterator[None]:
    """Name what goes wrong while a body is read."""
    try:
        yield
    except ClientDisconnected as error:  # or gunicorn.conf.py's timeout
        raise RequestTimedOut("the rest of the body did not come") from error
    except ParseException as error:
        raise BadRequest(f"the body can't be read: {error}") from error


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
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        texts = "; ".join(_told(problem) for problem in problems[:_MAX_PROBLEMS])
        raise _kind(problems[0])(texts) from None


def _kind(problem: Mapping[str, Any]) -> type[InvalidRequest] | type[InvalidCollectionId]:
    """Give malformed collection ids the code that they have in paths too."""
    is_id = problem["loc"] == ("collection_id",) and problem["type"] == "string_pattern_mismatch"
    return InvalidCollectionId if is_id else InvalidRequest


def _told(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "extra_forbidden":
        text = "there is no such field"
    else:
        text = str(problem["msg"]).removeprefix("Value error, ")
    place = ".".join(str(part) for part in problem["loc"])[:100]
    return f"{place}: {text}" if place else text
