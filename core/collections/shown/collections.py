"""What callers see of collections."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from core.collections.collection import Collection
from core.faces.results import Model
from core.ground.records import Frozen

Threshold = Annotated[
    float,
    Field(
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Lowest similarity of a match, 0 to 100. It never bounds a distance.",
    ),
]

FalseNameRate = Annotated[
    float,
    Field(
        gt=0,
        le=0.5,
        allow_inf_nan=False,
        description="How often a stranger may be given a name: over 0, at most 0.5.",
    ),
]


class CollectionSummary(Frozen):
    """A collection; `model` is null until the first face is enrolled.

    `threshold` is what holds now, and `false_name_rate` the collection's own rate, or null.
    """

    collection_id: str
    threshold: Threshold
    false_name_rate: FalseNameRate | None
    metadata: dict[str, str]
    created_at: datetime
    model: Model | None
    keep_unknown: bool | None

    @classmethod
    def of(cls, collection: Collection, *, threshold: float, **more: object) -> Self:
        """Return what callers see of a collection, with the threshold that holds."""
        shown = collection.model_dump(include=set(CollectionSummary.model_fields))
        return cls.model_validate(shown | {"threshold": threshold} | more)


class CollectionDescription(CollectionSummary):
    """A collection, and how many `persons` and `faces` are enrolled in it.

    `expected_false_names` is the share of strangers who get a name by the threshold. It is
    null while nobody is enrolled, where nothing is known of the model, and where
    MATCH_MAX_DISTANCE is set.
    """

    persons: int
    faces: int
    expected_false_names: float | None


class CollectionList(Frozen):
    """A page of collections; `next_token` is null on the last one."""

    collections: list[CollectionSummary]
    next_token: str | None
