"""The base of every settings model: frozen, and an unknown key is an error; and the kinds of value that several share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Endpoint = Annotated[str, Field(pattern=r"^(tcp://[^\s/:]+:(\d{1,5}|\*)|tcp://\[[0-9A-Fa-f:]+\]:\d{1,5}|ipc://.+)$")]
Rate = Annotated[float, Field(gt=0.0, le=1000.0)]


class Settings(BaseModel):
    """Frozen; unknown keys and non-finite numbers are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)
