"""What all tables of a profile have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of a profile: unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_by_name=True)
