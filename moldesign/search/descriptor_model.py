"""A model of the score on descriptors, for scores that are no similarity: a formula, a logP, a polar surface."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

_TREES = 64
_GROWTH = 1.1
"""The trees are grown anew when there are so many times as many observations."""


class DescriptorTrees:
    """Extremely randomised trees (doi:10.1007/s10994-006-6226-1) on descriptors and element counts.

    Args:
        seed: of the trees.
        minimum: observations below which the mean score is all it says.
    """

    def __init__(self, *, seed: int = 0, minimum: int = 20) -> None:
        self._seed, self._minimum = seed, minimum
        self._descriptors: list[NDArray[np.float64]] = []
        self._scores: list[NDArray[np.float64]] = []
        self._n = self._n_grown = 0
        self._power = 1.0
        self._trees: ExtraTreesRegressor | None = None

    def __len__(self) -> int:
        return self._n

    def observe(self, descriptors: NDArray[np.float64], scores: NDArray[np.float64], *, power: float = 1.0) -> None:
        """Take in scored molecules.

        Args:
            descriptors: float64 [N, K].
            scores: float64 [N].
            power: trees that are grown from now on learn this power of all scores.
        """
        self._power = power
        self._descriptors.append(descriptors)
        self._scores.append(scores)
        self._n += len(scores)

    def predict(self, descriptors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected scores, float64 [N]."""
        if self._n < self._minimum:
            return np.full(len(descriptors), self._lifted.mean() if self._n else 0.0)
        if self._trees is None or self._n >= _GROWTH * self._n_grown:
            self._trees = ExtraTreesRegressor(_TREES, min_samples_leaf=2, max_features=0.5, random_state=self._seed)
            self._trees.fit(np.concatenate(self._descriptors), self._lifted)
            self._n_grown = self._n
        return np.asarray(self._trees.predict(descriptors), dtype=np.float64)

    @property
    def _lifted(self) -> NDArray[np.float64]:
        return np.asarray(np.concatenate(self._scores) ** self._power, dtype=np.float64)
