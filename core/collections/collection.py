"""What is known of a collection, and which models may add to it."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from core.errors import ModelMismatch
from core.faces.results import Model
from core.faces.similarity import SIMILARITY_AT_THRESHOLD
from core.ground.records import Frozen


class Unknowns(Frozen):
    """Where a collection's unknown faces are kept, and whose embeddings they are."""

    gallery_id: str
    model: Model


class Collection(Frozen):
    """What is known of a collection, beside its faces.

    ``threshold`` is the least similarity of a match. Where it is None, ``false_name_rate``
    tells it: how often a stranger may be named; None for the service's own rate. ``model``
    is None until the first face is enrolled. A collection that is ``erasing`` is no longer found.
    ``erasures`` is another text after each erasure in it, see `core.collections.erased`.
    ``moved_from`` is its first gallery's id if it got another one.
    """

    collection_id: str
    gallery_id: str
    threshold: float | None = None
    false_name_rate: float | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    created_at: datetime
    model: Model | None = None
    state: Literal["active", "erasing"] = "active"
    erasures: str = ""
    keep_unknown: bool | None = None
    """Whether faces that nobody named are kept; None for what the service does."""
    unknowns: Unknowns | None = None
    moved_from: str = ""

    @property
    def crops_folder(self) -> str:
        """Where the crops of its faces lie, also after it got another gallery."""
        return self.moved_from or self.gallery_id

    @property
    def galleries(self) -> list[str]:
        """Where its faces are that there are: the enrolled ones, and then the unknown ones."""
        enrolled = [] if self.model is None else [self.gallery_id]
        return enrolled if self.unknowns is None else [*enrolled, self.unknowns.gallery_id]

    @property
    def is_empty(self) -> bool:
        """Whether it never had a face."""
        return self.model is None and self.unknowns is None and self.state == "active"

    @classmethod
    def from_stored(cls, body: bytes) -> Self:
        """Read a record; former versions wrote the usual threshold where none was given."""
        record = cls.model_validate_json(body)
        is_former = "false_name_rate" not in record.model_fields_set
        if is_former and record.threshold == SIMILARITY_AT_THRESHOLD:
            return record.model_copy(update={"threshold": None})
        return record


def check_model(collection: Collection, model: Model) -> None:
    """Raise ``ModelMismatch`` unless a collection is empty or holds that model's embeddings."""
    held = collection.model
    if held is not None and held != model:
        raise ModelMismatch(
            f"the collection holds embeddings of {held.name} {held.version}, "
            f"not of {model.name} {model.version}"
        )
