"""Which old molecules a network that goes on learning sees again, so that it does not forget them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.splits import Rows

ALL_UP_TO = 5_000
"""Old training molecules that are all seen again, however few the new ones are: they take minutes."""
PER_NEW = 4.0
"""Old training molecules per new one, where there are more."""


@dataclass(frozen=True)
class Replay:
    """A sample of the old training molecules, another one for each network of an ensemble."""

    is_old: NDArray[np.bool_]
    """[M]"""
    per_new: float = PER_NEW
    all_up_to: int = ALL_UP_TO

    def count(self, rows: Rows) -> int:
        """Return how many old molecules are seen of those in the training part.

        >>> Replay(np.array([True] * 8 + [False]), per_new=4, all_up_to=2).count(np.arange(9))
        4
        """
        n_old = int(self.is_old[rows].sum())
        return min(n_old, max(self.all_up_to, round(self.per_new * (len(rows) - n_old))))

    def choose(self, rows: Rows, seed: int) -> Rows:
        """Return the rows of the training part that a network learns from, sorted: the new ones and some old ones."""
        old, new = rows[self.is_old[rows]], rows[~self.is_old[rows]]
        drawn = np.random.default_rng(seed).permutation(old)[: self.count(rows)]
        return np.sort(np.concatenate([drawn, new]))
