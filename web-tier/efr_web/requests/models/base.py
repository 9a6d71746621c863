"""What models of requests have in common."""

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """A request's fields; an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
