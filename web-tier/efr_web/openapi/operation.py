"""Routes and what is told of them, declared together so that they can't drift apart."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Final, Literal, TypeVar

from flask import Flask
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from werkzeug.exceptions import UnsupportedMediaType

from core.access.key_ring import KeyRing
from core.access.keys import Scope
from core.errors import (
    AnimatedImage,
    BadRequest,
    BucketNotAllowed,
    BucketNotFound,
    CollectionNotFound,
    EmptyFile,
    FaceServiceError,
    FileTooLarge,
    FormTooLarge,
    IndexUnavailable,
    InvalidCollectionId,
    InvalidImage,
    InvalidRequest,
    KeyInvalid,
    KeyMissing,
    ObjectMissing,
    QueueUnavailable,
    RecognitionTimedOut,
    RecognizerDied,
    RequestTimedOut,
    ScopeMissing,
    StorageUnavailable,
    TooBusy,
    TooManyPixels,
    TruncatedImage,
    UnsupportedImage,
)
from efr_web.caller import Access, admit
from efr_web.middleware import Failure
from efr_web.requests.parsing import JSON, refuse_misplaced

Failures = tuple[Failure, ...]
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Header = Literal["Location", "Retry-After", "Result-Polls"]

BODY: Final[Failures] = (InvalidRequest, BadRequest, RequestTimedOut)
JSON_BODY: Final[Failures] = (*BODY, UnsupportedMediaType)
USABLE_PHOTO: Final[Failures] = (
    EmptyFile,
    FileTooLarge,
    UnsupportedImage,
    TooManyPixels,
    AnimatedImage,
    TruncatedImage,
)
SOURCE: Final[Failures] = (BucketNotAllowed, BucketNotFound)
PHOTO: Final[Failures] = (
    *JSON_BODY,
    FormTooLarge,
    *USABLE_PHOTO,
    *SOURCE,
    ObjectMissing,
    StorageUnavailable,
)
RECOGNITION: Final[Failures] = (
    InvalidImage,
    TooBusy,
    RecognitionTimedOut,
    RecognizerDied,
)
COLLECTION: Final[Failures] = (InvalidCollectionId, CollectionNotFound, StorageUnavailable)
INDEX: Final[Failures] = (IndexUnavailable,)
HANDED_OVER: Final[Failures] = (StorageUnavailable, QueueUnavailable)
_REFUSED: Final[Failures] = (KeyMissing, KeyInvalid, ScopeMissing, StorageUnavailable)


def curl_json(path: str, body: Mapping[str, object], *, method: str = "POST") -> str:
    """Return the arguments of curl for a call with JSON, in the way that every version knows."""
    flags = [] if method == "POST" else ["-X", method]
    text = json.dumps(body, separators=(",", ":"))
    return shlex.join([*flags, "-H", f"Content-Type: {JSON}", "-d", text, path])


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that is no error; several models are alternatives."""

    text: str
    models: tuple[type[BaseModel], ...] = ()
    media: str = JSON
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a request's body may be; ``files`` are fields that a form has as files."""

    json: type[BaseModel] | None = None
    form: type[BaseModel] | None = None
    files: tuple[str, ...] = ()
    required_files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What is told of a route.

    ``access`` is what it needs of a caller. ``errors`` are those that it may answer, beside
    those of a caller that is not let in, ``INVALID_REQUEST`` for parameters that it does not
    take, and ``INTERNAL_ERROR``. ``curl`` are the arguments of an
    example, without the address of the service.
    """

    tag: str
    access: Access
    summary: str
    answers: Mapping[int, Answer]
    curl: str
    text: str = ""
    body: Body | None = None
    query: type[BaseModel] | None = None
    request_headers: tuple[str, ...] = ()
    errors: Failures = ()

    @property
    def scope(self) -> Scope | None:
        """The scope that a key needs; None where any key will do, or none."""
        if self.access == "open" or self.access == "any key":
            return None
        return self.access

    @property
    def failures(self) -> Failures:
        """All errors that the operation may answer, each once."""
        refused = () if self.access == "open" else _REFUSED
        return tuple(dict.fromkeys((*refused, *self.errors, InvalidRequest, FaceServiceError)))


@dataclass(frozen=True, kw_only=True)
class Api:
    """An application's routes, each with its description under its endpoint's name.

    ``keys`` are those that callers may have; without them everybody may do all.
    """

    app: Flask
    keys: KeyRing | None = None
    operations: dict[str, Operation] = field(default_factory=dict)

    def route(self, method: str, rule: str, operation: Operation) -> Callable[[View], View]:
        """Add a route that lets in whom its operation says, and accepts only what it describes."""

        def add(view: View) -> View:
            @wraps(view)
            def checked(**path: str) -> ResponseReturnValue:
                admit(operation.access, self.keys)
                refuse_misplaced(operation.query, takes_body=operation.body is not None)
                return view(**path)

            self.app.add_url_rule(rule, view.__name__, checked, methods=[method])
            self.operations[view.__name__] = operation
            return view

        return add
