"""What clients may ask: every field with its limits; a request that breaks one gets 422 with the name of the field."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

MAX_PREDICTED, MAX_DRAWN, MAX_SCREENED = 500, 200, 20_000
"""Molecules of one request."""

MAX_SMILES, MAX_NAME, MAX_CELL = 1000, 200, 10_000
"""Characters."""

MAX_COLUMNS = 100
"""That a library may have beside its molecules and names."""

Smiles = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SMILES)]
ScreenedSmiles = Annotated[str, StringConstraints(max_length=MAX_SMILES)]
MoleculeName = Annotated[str, StringConstraints(max_length=MAX_NAME)]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Cell = Annotated[str, StringConstraints(max_length=MAX_CELL)]
GoalText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
"""Of a model or an endpoint; it is only ever looked up among those that are served."""
Share = Annotated[float, Field(ge=0, le=1)]
Patterns = Annotated[list[Pattern], Field(max_length=20)]


class Request(BaseModel):
    """A JSON object with no other fields than these, and no NaN."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PredictRequest(Request):
    """Molecules to predict."""

    smiles: list[Smiles] = Field(min_length=1, max_length=MAX_PREDICTED)
    model: Name = "admet"


class ExplainRequest(Request):
    """A molecule, and the prediction to explain."""

    smiles: Smiles
    endpoint: Name
    model: Name = "admet"


class DepictRequest(Request):
    """Molecules to draw."""

    smiles: list[Smiles] = Field(min_length=1, max_length=MAX_DRAWN)


class CheckRequest(Request):
    """A text that may be a molecule."""

    smiles: str = Field(max_length=MAX_SMILES)


class GoalsRequest(Request):
    """What molecules must be; see `moldesign generate --help` for the grammar of goals."""

    goals: list[GoalText] = Field(min_length=1, max_length=30)
    must: Annotated[list[GoalText], Field(max_length=20)] = []
    required: Patterns = []
    forbidden: Patterns = []


class ProfileRequest(GoalsRequest):
    """Goals, and the score from which a molecule meets them."""

    threshold: float = Field(default=0.5, gt=0, le=1)


class GenerateRequest(ProfileRequest):
    """A search for molecules."""

    title: str = Field(default="", max_length=80)
    n: int = Field(default=100, ge=1, le=1000)
    budget: int = Field(default=2000, ge=1, le=50_000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    strategy: Literal["auto", "fast", "thrifty"] = "auto"
    start: Annotated[list[Smiles], Field(max_length=20)] = []
    min_similarity: Share | None = None
    max_similarity: Share | None = None
    scaffold: Patterns = []
    link: Patterns = []

    @field_validator("min_similarity", "max_similarity")
    @classmethod
    def _require_start(cls, share: Share | None, info: ValidationInfo) -> Share | None:
        if share is not None and not info.data.get("start", True):
            raise ValueError("it needs molecules in start to compare with")
        return share


class ScreenRequest(GoalsRequest):
    """Molecules to rank by a profile; an empty text is a row that is rejected."""

    title: str = Field(default="", max_length=80)
    smiles: list[ScreenedSmiles] = Field(min_length=1, max_length=MAX_SCREENED)
    names: Annotated[list[MoleculeName], Field(max_length=MAX_SCREENED)] = []
    columns: Annotated[dict[ColumnName, list[Cell]], Field(max_length=MAX_COLUMNS)] = {}
    """What else the library says of its molecules; it comes back with them."""
    top: int = Field(default=100, ge=1, le=MAX_SCREENED)
    threshold: float | None = Field(default=None, gt=0, le=1)
    diverse: bool = False

    @field_validator("names")
    @classmethod
    def _check_names(cls, names: list[MoleculeName], info: ValidationInfo) -> list[MoleculeName]:
        if names:
            _require_one_each("it", names, info)
        return names

    @field_validator("columns")
    @classmethod
    def _check_columns(
        cls, columns: dict[ColumnName, list[Cell]], info: ValidationInfo
    ) -> dict[ColumnName, list[Cell]]:
        if taken := {"smiles", "name"} & set(columns):
            raise ValueError(f"a column must not be called {taken.pop()}: the fields smiles and names hold these")
        for label, cells in columns.items():
            _require_one_each(label, cells, info)
        return columns


def _require_one_each(label: str, texts: list[str], info: ValidationInfo) -> None:
    smiles = info.data.get("smiles", texts)  # else it is wrong itself
    if len(texts) != len(smiles):
        raise ValueError(f"{label} has {len(texts)} texts for {len(smiles)} molecules; give one for each")
