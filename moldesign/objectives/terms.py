"""A term of a reward: a property of molecules, the curve that turns it into a score, and its weight."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import Mol
from moldesign.chem.unseen import KnownParts, Unseen, count_unseen
from moldesign.errors import ObjectiveError
from moldesign.objectives.transforms import Transform

Result = TypeVar("Result")

MORGAN_BITS = "morgan_bits"
"""Under which name the molecules of a batch share their fingerprints (radius 2, 2048 bits)."""


@dataclass(frozen=True)
class Batch:
    """Valid molecules that are scored together, and what several terms need of them, computed once."""

    smiles: list[str]
    mols: list[Mol]
    is_mixed: NDArray[np.bool_] | None = None
    """Bool [N], which molecules were taken out of a mixture of substances, outside every domain; None for none."""
    _shared: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def share(self, key: Hashable, compute: Callable[[], Result]) -> Result:
        """Return what `compute` gives, calling it only the first time that this batch is asked for `key`."""
        if key not in self._shared:
            self._shared[key] = compute()
        result: Result = self._shared[key]
        return result

    def count_unseen(self, known: KnownParts | None = None) -> Unseen:
        """Return how much of each molecule is not known, counted once for the same known parts."""
        return self.share(("unseen", id(known)), lambda: count_unseen(self.mols, known))

    def select(self, rows: NDArray[np.intp]) -> "Batch":
        """Return some of the molecules as a batch of their own."""
        is_mixed = None if self.is_mixed is None else self.is_mixed[rows]
        return Batch([self.smiles[row] for row in rows], [self.mols[row] for row in rows], is_mixed)


class Evaluation(NamedTuple):
    """One property of the N molecules of a batch."""

    values: NDArray[np.float64]
    """Float64 [N], in the unit of the property; NaN only where `errors` or `missing` says why."""
    std: NDArray[np.float64] | None = None
    """Float64 [N], standard deviation of a prediction; None for what is computed exactly."""
    in_domain: NDArray[np.bool_] | None = None
    """Bool [N], whether a prediction can be trusted; None for what is computed exactly."""
    margin: NDArray[np.float64] | None = None
    """Float64 [N], how far inside the domain: 1 at its edge, below 1 outside; None for what is computed exactly."""
    errors: Sequence[str | None] | None = None
    """Why the property refuses a molecule that RDKit accepts; None where there is a value."""
    missing: Sequence[str | None] | None = None
    """Why a molecule that nobody refuses has no value: its scorer failed, or was not run; None elsewhere."""


class Property(Protocol):
    """Anything with a name that gives one number per molecule."""

    @property
    def name(self) -> str:
        """What a goal calls it."""
        ...

    @property
    def low(self) -> float:
        """Lower end of the usual range: where `max` gives 0."""
        ...

    @property
    def high(self) -> float:
        """Upper end of the usual range: where `max` gives 1."""
        ...

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return the property of every molecule of `batch`."""
        ...


@dataclass(frozen=True)
class Term:
    """One wish of a profile."""

    name: str
    """Column name, unique in its profile: the property's name where that is enough."""
    text: str
    """The goal as the user would write it."""
    property: Property
    transform: Transform
    weight: float = 1.0
    """Exponent in the geometric mean; 0 for a hard limit, which matters only where it is broken."""

    def evaluate(self, batch: Batch) -> Evaluation:
        """Return the property of every molecule.

        Raises:
            ObjectiveError: the property did not give one number per molecule.
        """
        evaluation = self.property.evaluate(batch)
        if evaluation.values.shape != (len(batch.smiles),):
            raise ObjectiveError(
                f"{self.name} must return one number per molecule; for {len(batch.smiles)} molecules it "
                f"returned an array of shape {evaluation.values.shape}"
            )
        reasons = [known for known in (evaluation.errors, evaluation.missing) if known]
        for row in np.flatnonzero(np.isnan(evaluation.values)).tolist():
            if all(known[row] is None for known in reasons):
                raise ObjectiveError(
                    f"{self.name} is NaN for the valid molecule {batch.smiles[row]!r}; it must return a number"
                )
        return evaluation
