"""The search of `moldesign.search` for oracles whose calls are dear, as the benchmark calls it."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from benchmarks.pmo.methods.method import Scores, Start
from moldesign.search.thrifty import ThriftySearch, ThriftySettings


class Thrifty:
    """Proposes the batches whose size the search itself thinks right.

    Args:
        start: library and seed.
        settings: of the search.
    """

    def __init__(self, start: Start, settings: ThriftySettings | None = None) -> None:
        self._search = ThriftySearch(start.library.smiles, seed=start.seed, settings=settings)

    def propose(self, n: int) -> list[str]:
        """Return the next batch."""
        return self._search.propose(min(n, self._search.batch_size))

    def observe(self, smiles: Sequence[str], scores: Scores) -> None:
        """Tell the search."""
        self._search.observe(smiles, scores.tolist())

    def collect_tensors(self) -> dict[str, Tensor]:
        """Return nothing: scores and random numbers are all it has."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the search, ready for JSON."""
        return self._search.state_dict()

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self._search.load_state_dict(state)
