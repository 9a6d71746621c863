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

from core.access.audit_trail import Action
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
    KeyRefused,
    ObjectMissing,
    QueueUnavailable,
    RateLimited,
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
from core.ground.rates import Kind
from efr_web.caller import Access, admit
from efr_web.limits import Meter
from efr_web.middleware import Failure
from efr_web.requests.parsing import JSON, refuse_misplaced

Failures = tuple[Failure, ...]
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Header = Literal["Location", "Receipt", "Retry-After", "Result-Polls"]

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

    @property
    def has_photos(self) -> bool:
        """Whether it holds photos, or names some in a bucket."""
        names = self.json.model_fields if self.json else {}
        return bool(self.files) or any(name.startswith("s3_") for name in names)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What is told of a route.

    ``access`` is what it needs of a caller. ``limit`` is the kind of limit that it counts for,
    by default that of reads unless it is open to all; one that takes photos has to say it.
    ``actions`` are those that it leaves in the audit trail, itself or by the worker.
    ``errors`` are those that it may answer, beside those of a caller that is not let in,
    ``INVALID_REQUEST`` for parameters that it does not take, and ``INTERNAL_ERROR``. ``curl``
    are the arguments of an example, without the address of the service.
    """

    tag: str
    access: Access
    limit: Kind | Literal["by default", "none"] = "by default"
    summary: str
    answers: Mapping[int, Answer]
    curl: str
    text: str = ""
    body: Body | None = None
    query: type[BaseModel] | None = None
    request_headers: tuple[str, ...] = ()
    errors: Failures = ()
    actions: tuple[Action, ...] = ()

    def __post_init__(self) -> None:
        if self.limit == "by default" and self.body is not None and self.body.has_photos:
            raise TypeError(f"{self.summary}: it takes photos, so say for which limit they count")

    @property
    def kind(self) -> Kind | None:
        """What the operation counts for; None for what is not limited."""
        if self.limit == "by default":
            return None if self.access == "open" else "reads"
        return None if self.limit == "none" else self.limit

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
        if self.kind is not None:
            refused = (*refused, RateLimited)
        return tuple(dict.fromkeys((*refused, *self.errors, InvalidRequest, FaceServiceError)))


@dataclass(frozen=True, kw_only=True)
class Api:
    """An application's routes, each with its description under its endpoint's name.

    ``keys`` are those that callers may have; without them everybody may do all. ``meter``
    charges requests to the limits of their callers.
    """

    app: Flask
    meter: Meter
    keys: KeyRing | None = None
    operations: dict[str, Operation] = field(default_factory=dict)

    def route(self, method: str, rule: str, operation: Operation) -> Callable[[View], View]:
        """Add a route that lets in whom its operation says, and accepts only what it describes."""

        def add(view: View) -> View:
            @wraps(view)
            def checked(**path: str) -> ResponseReturnValue:
                self._let_in(operation)
                refuse_misplaced(operation.query, takes_body=operation.body is not None)
                return view(**path)

            self.app.add_url_rule(rule, view.__name__, checked, methods=[method])
            self.operations[view.__name__] = operation
            return view

        return add

    def _let_in(self, operation: Operation) -> None:
        try:
            admit(operation.access, self.keys)
        except (KeyRefused, ScopeMissing):
            # Also where the call itself has no limit, or keys could be tried without one.
            self.meter.charge(operation.kind or "reads")
            raise
        self.meter.charge(operation.kind)
