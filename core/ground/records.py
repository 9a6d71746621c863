"""What is stored and answered as JSON."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that is written as JSON, and read again by later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
