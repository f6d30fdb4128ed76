"""An exact Gaussian process over fingerprints with nothing to fit (Tanimoto-GP BO)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.search.cholesky import GrowingCholesky
from moldesign.search.kernels import ReferenceSet, UnaryCounts, concatenate_counts


class Belief(NamedTuple):
    """What a model thinks of N molecules."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]


class TanimotoProcess:
    """Posterior over scores in [0, 1], or a power of them: prior mean 0, prior variance 1, MinMax kernel, small noise.

    That everything unseen is thought bad but uncertain decides how well it searches: with standardised scores or more
    noise the same search stalls. The mean is exact for any number of observations; an update with b of them takes n^2
    (b + 1) operations. So does a standard deviation, for each molecule; beyond `variance_limit` observations it is
    conditioned on a part of them only, the best half and the latest half, which can but make it larger: what lies near
    good or new molecules, as candidates do, keeps nearly the exact one.

    Args:
        noise: variance of the scores' noise.
        variance_limit: observations on which the standard deviation depends at most.
    """

    def __init__(self, *, noise: float = 1e-4, variance_limit: int = 2_000) -> None:
        self.noise, self.variance_limit = noise, variance_limit
        self._reference, self._factor = ReferenceSet(), GrowingCholesky()
        self._parts: list[UnaryCounts] = []
        self._scores = self._weights = self._whitened = np.zeros(0)
        self._subset: NDArray[np.int64] | None = None
        self._subset_factor = self._factor

    def __len__(self) -> int:
        return len(self._scores)

    def observe(self, molecules: UnaryCounts, scores: NDArray[np.float64], *, power: float = 1.0) -> None:
        """Take in scored molecules.

        Args:
            molecules: N of them.
            scores: float64 [N].
            power: from now on, what is learnt of all scores is this power of them; see `search.lifting`.
        """
        n = len(self)
        self._reference.add(molecules)
        kernel = self._reference.compare(molecules)
        cross, corner = kernel[:, :n].T, kernel[:, n:] + self.noise * np.eye(len(molecules))
        if self._subset is not None:
            self._subset_factor.append(cross[self._subset], corner)
            self._subset = np.append(self._subset, np.arange(n, n + len(molecules)))
        self._factor.append(cross, corner)
        self._scores = np.append(self._scores, scores)
        self._parts.append(molecules)
        self._weights = self._factor.solve_upper(self._factor.solve_lower(self._scores**power))
        self._limit_variance()

    def predict(self, molecules: UnaryCounts) -> Belief:
        """Return mean and standard deviation of the scores, without noise."""
        kernel = self._reference.compare(molecules)
        known = kernel if self._subset is None else kernel[:, self._subset]
        whitened = self._subset_factor.solve_lower(np.ascontiguousarray(known.T))
        variance = 1 - np.einsum("ij,ij->j", whitened, whitened)
        return Belief(kernel @ self._weights, np.sqrt(np.maximum(variance, 0)))

    def _limit_variance(self) -> None:
        """Choose the observations for the variance anew, once they are a quarter too many."""
        n_used = len(self) if self._subset is None else len(self._subset)
        if n_used <= 1.25 * self.variance_limit:
            return
        n_latest = self.variance_limit // 2
        older = np.arange(len(self) - n_latest)
        best = older[np.argsort(-self._scores[older], kind="stable")[: self.variance_limit - n_latest]]
        self._subset = np.append(np.sort(best), np.arange(len(self) - n_latest, len(self)))
        self._subset_factor = self._factorize(self._subset)

    def _factorize(self, subset: NDArray[np.int64]) -> GrowingCholesky:
        self._parts = [concatenate_counts(self._parts)]
        chosen = self._parts[0].take(subset)
        reference = ReferenceSet()
        reference.add(chosen)
        factor = GrowingCholesky()
        factor.append(np.zeros((0, len(subset))), reference.compare(chosen) + self.noise * np.eye(len(subset)))
        return factor
