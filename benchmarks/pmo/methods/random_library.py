"""The baseline below all others: library molecules in random order."""

from collections.abc import Sequence

from benchmarks.pmo.methods.method import Scores, Start
from moldesign.seeding import make_generators

BATCH_SIZE = 100


class RandomLibrary:
    """Proposes every molecule of the library once."""

    def __init__(self, start: Start) -> None:
        self._library = start.library.smiles
        self._order = make_generators(start.seed).numpy.permutation(len(self._library)).tolist()

    def propose(self, n: int) -> list[str]:
        """Return the next molecules of the library."""
        drawn, self._order = self._order[:BATCH_SIZE], self._order[BATCH_SIZE:]
        return [self._library[row] for row in drawn]

    def observe(self, smiles: Sequence[str], scores: Scores) -> None:
        """Learn nothing."""
