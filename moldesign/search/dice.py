"""Cheap single draws from a NumPy generator, whose own scalar draws cost as much as the edit they decide."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_BLOCK = 1024


class Dice:
    """Draws one number at a time out of blocks of uniform ones; the same generator state gives the same draws."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._block: list[float] = []

    def random(self) -> float:
        """Return a number in [0, 1)."""
        if not self._block:
            self._block = self._rng.random(_BLOCK).tolist()
        return self._block.pop()

    def index(self, n: int) -> int:
        """Return an integer in 0..n-1."""
        return int(self.random() * n)

    def choose(self, items: Sequence[T]) -> T:
        """Return one of the items, each with the same probability."""
        return items[int(self.random() * len(items))]

    def choose_weighted(self, items: Sequence[T], cumulative: Sequence[float]) -> T:
        """Return item i with probability `cumulative[i] - cumulative[i - 1]`; the last entry is 1."""
        drawn = self.random()
        return next(item for item, bound in zip(items, cumulative, strict=True) if drawn < bound)

    def permute(self, n: int) -> list[int]:
        """Return 0..n-1 in random order."""
        order = list(range(n))
        for last in range(n - 1, 0, -1):
            other = self.index(last + 1)
            order[last], order[other] = order[other], order[last]
        return order


def accumulate_weights(weights: Sequence[float]) -> tuple[float, ...]:
    """Return the cumulative probabilities that `Dice.choose_weighted` takes.

    >>> accumulate_weights([1, 1, 2])
    (0.25, 0.5, 1.0)
    """
    bounds = (np.cumsum(weights) / np.sum(weights)).tolist()
    return (*bounds[:-1], 1.0)
