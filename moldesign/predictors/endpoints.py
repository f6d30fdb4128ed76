"""What a predictor predicts: one endpoint is one column of its output."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from moldesign.errors import TableError, UnknownNameError

TaskType = Literal["regression", "classification"]
Direction = Literal["higher is better", "lower is better", "depends on the project"]

_KNOWN_OF_SOME = {"direction", "reference_range", "source", "licence"}


@dataclass(frozen=True)
class Endpoint:
    """One predicted property."""

    name: str
    task: TaskType
    unit: str
    """Unit of the values; "probability" for a classification."""
    description: str
    low: float = 0.0
    """First percentile of the training labels (0 for a classification)."""
    high: float = 1.0
    """Ninety-ninth percentile of the training labels (1 for a classification)."""
    aliases: tuple[str, ...] = ()
    log_scale: bool = False
    """Whether the network learns log10 of the value, as for clearances and half-lives, which span decades."""
    center: float = 0.0
    """What the network's output 0 means, on the learned scale."""
    spread: float = 1.0
    """What one unit of the network's output means, on the learned scale."""
    floor: float = 1e-3
    """Smallest value a log scale can hold."""
    direction: Direction | None = None
    """What a chemist mostly wants of it; None where nobody has said so."""
    reference_range: str = ""
    """Which values are good and which are bad, in words and numbers."""
    source: str = ""
    """Where the labels were published."""
    licence: str = ""
    """Of the labels."""

    def lower_floor(self, labels: NDArray[np.float64]) -> "Endpoint":
        """Return the endpoint with a log scale that also holds these labels, NaN where unlabelled.

        What the network's outputs mean stays as it is: `to_values` knows no floor.
        """
        positive = labels[labels > 0]
        if not self.log_scale or len(positive) == 0:
            return self
        return replace(self, floor=min(self.floor, float(positive.min())))

    def to_targets(self, labels: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale labels to what the network learns; NaN stays NaN."""
        values = np.log10(np.maximum(labels, self.floor)) if self.log_scale else labels
        return ((values - self.center) / self.spread).astype(np.float32)

    def to_values(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn network outputs (logits of a classification) into values in the endpoint's unit."""
        if self.task == "classification":
            return (1.0 / (1.0 + np.exp(-outputs.astype(np.float64)))).astype(np.float32)
        values = outputs.astype(np.float64) * self.spread + self.center
        return (10.0**values if self.log_scale else values).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for a model card; what is not known of the endpoint is left out."""
        fields = asdict(self)
        return {name: value for name, value in fields.items() if value or name not in _KNOWN_OF_SOME}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Endpoint":
        """Read the fields of a model card."""
        return cls(**{**fields, "aliases": tuple(fields.get("aliases", ()))})


def read_endpoints(card: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """Return the endpoints of a predictor, as its model card has them."""
    return tuple(Endpoint.from_dict(fields) for fields in card["endpoints"])


def number_names(endpoints: Sequence[Endpoint]) -> dict[str, int]:
    """Return the number of the endpoint that each name means, and each alias that can mean but one.

    >>> upper, lower = (Endpoint(name, "regression", "", "", aliases=("Ki",)) for name in ("KI", "ki"))
    >>> number_names([upper, lower])
    {'KI': 0, 'ki': 1}
    """
    aliases = Counter(alias for one in endpoints for alias in set(one.aliases))
    columns = {alias: t for t, one in enumerate(endpoints) for alias in one.aliases if aliases[alias] == 1}
    return columns | {one.name: t for t, one in enumerate(endpoints)}


def find_column(endpoints: Sequence[Endpoint], wanted: str, model: str) -> int:
    """Return the number of an endpoint, by its name or an alias.

    Raises:
        UnknownNameError: the model has no such endpoint; lists the nearest.
    """
    columns = number_names(endpoints)
    if wanted not in columns:
        raise UnknownNameError(f"endpoint of {model}", wanted, columns)
    return columns[wanted]


def fit_endpoint(
    name: str,
    task: TaskType,
    labels: NDArray[np.float64],
    *,
    unit: str = "",
    description: str = "",
    aliases: tuple[str, ...] = (),
    log_scale: bool = False,
) -> Endpoint:
    """Describe an endpoint by its training labels (NaN where unlabelled): range, centre and spread.

    Raises:
        TableError: there is no label, or none above 0 for a log scale.
    """
    known = labels[np.isfinite(labels)]
    if not (known > 0 if log_scale else np.isfinite(known)).any():
        raise TableError(f"no row has a label of {name}{' above 0, which its log scale needs' if log_scale else ''}")
    if task == "classification":
        return Endpoint(name, task, unit or "probability", description, aliases=aliases)
    low, high = (float(value) for value in np.percentile(known, [1, 99]))
    floor = float(known[known > 0].min()) if log_scale else 1e-3
    learned = np.log10(np.maximum(known, floor)) if log_scale else known
    spread = float(learned.std()) or 1.0
    return Endpoint(name, task, unit, description, low, high, aliases, log_scale, float(learned.mean()), spread, floor)
