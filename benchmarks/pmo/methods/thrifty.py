"""The search of `moldesign.search` for oracles whose calls are dear, as the benchmark calls it."""

from collections.abc import Sequence

from benchmarks.pmo.methods.method import Scores, Start
from moldesign.search.thrifty import ThriftySearch


class Thrifty:
    """Proposes the batches whose size the search itself thinks right.

    Args:
        start: library and seed.
    """

    def __init__(self, start: Start) -> None:
        self._search = ThriftySearch(start.library.smiles, seed=start.seed)

    def propose(self, n: int) -> list[str]:
        """Return the next batch."""
        return self._search.propose(min(n, self._search.batch_size))

    def observe(self, smiles: Sequence[str], scores: Scores) -> None:
        """Tell the search."""
        self._search.observe(smiles, scores.tolist())
