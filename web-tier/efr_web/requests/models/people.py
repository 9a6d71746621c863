"""Requests about collections, and the people and faces in them."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from core.collections.person_notes import ConsentNote
from core.collections.shown.collections import FalseNameRate, Threshold
from core.ground.ids import FACE_ID
from core.jobs.index_job import CollectionId, Metadata, PersonName
from efr_web.requests.models.base import RequestModel


class CreateCollection(RequestModel):
    """A collection to be created."""

    collection_id: CollectionId
    threshold: Threshold | None = None
    false_name_rate: FalseNameRate | None = None
    metadata: Metadata = Field(default_factory=dict)
    keep_unknown: Annotated[
        bool | None,
        Field(description="Keep faces that nobody named; null for what the service does."),
    ] = None


class ChangeCollection(RequestModel):
    """Fields of a collection to be changed; null takes a threshold or a rate away."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    threshold: Threshold | None = None
    false_name_rate: FalseNameRate | None = None
    metadata: Metadata = Field(default_factory=dict)
    keep_unknown: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give threshold, false_name_rate, metadata or keep_unknown")
        return self


FaceId = Annotated[str, StringConstraints(pattern=rf"^{FACE_ID}$")]


class PersonChange(RequestModel):
    """What a person gets: a name, metadata instead of the former ones, a face that shows them."""

    name: PersonName | None = None
    metadata: Metadata | None = None
    cover: Annotated[
        FaceId | None,
        Field(description="Id of a face of theirs; null for the one of the best quality."),
    ] = None


class PersonOfFace(RequestModel):
    """The person whom a request gives to a face, or rejects for it."""

    person: PersonName


class NameGroup(RequestModel):
    """Whose the faces of a group are, but for some of them."""

    person: PersonName
    without: Annotated[
        tuple[FaceId, ...],
        Field(max_length=10_000, description="Ids of faces that are not the person's."),
    ] = ()


class Consent(ConsentNote, RequestModel):
    """A consent note: what a person agreed to, the day, and where that is filed."""


class PersonPath(RequestModel):
    """A person's name in a path."""

    name: PersonName
