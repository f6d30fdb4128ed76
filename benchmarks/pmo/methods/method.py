"""What a method is to the benchmark."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.pmo.library import Library

Scores = NDArray[np.float64]


class Method(Protocol):
    """Proposes molecules, is told their scores, proposes better ones."""

    def propose(self, n: int) -> list[str]:
        """Return the next batch of SMILES, of the size that suits the method; none if it has no more.

        Args:
            n: calls that are left; what comes after the first `n` new molecules is not scored.
        """
        ...

    def observe(self, smiles: Sequence[str], scores: Scores) -> None:
        """Take in the scores of a proposed batch, row for row.

        Args:
            smiles: as they were proposed.
            scores: float64 [N] in [0, 1]; 0 for what is no molecule.
        """
        ...


@runtime_checkable
class ResumableMethod(Method, Protocol):
    """A method that can be put away and taken out again, after which it does what it would have done anyway."""

    def collect_tensors(self) -> dict[str, Tensor]:
        """Return what it learned."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything else, ready for JSON."""
        ...

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Go on from what both returned; only right after construction."""
        ...


class Start(NamedTuple):
    """What every method is given."""

    library: Library
    """ZINC250k, which may be read, learned and scored, but whose scores cost calls."""
    seed: int
    budget: int
    """Calls in all."""
    device: str


class Entry(NamedTuple):
    """A method as the benchmark knows it."""

    make: Callable[[Start], Method]
    settings: Mapping[str, Any]
    """All that decides its course beside `Start`, as JSON knows it; a run made with others is made again."""
    note: str
    """What the method is, for the reader of the table."""

    def has_settings(self, settings: Mapping[str, Any]) -> bool:
        """Say whether these, read from JSON, are its settings."""
        # JSON has lists where settings may have tuples.
        return bool(settings == json.loads(json.dumps(dict(self.settings))))
