"""How different two samples of one quantity are: the population stability index and the Kolmogorov-Smirnov test."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

N_BINS = 10
LEAST = 50
"""Values below which two samples are not compared."""
SOME_PSI, MUCH_PSI = 0.1, 0.25
"""The usual limits of credit scoring: below the first nothing has changed, above the second much has."""
SURE = 0.001
"""Below this probability of the Kolmogorov-Smirnov test a difference is not taken for chance; many are looked at."""

Values = NDArray[np.float32]


class Drift(NamedTuple):
    """How far a quantity has moved."""

    n: int
    psi: float
    ks: float
    """Largest difference of the two distribution functions, 0 to 1"""
    p_value: float
    """Of that difference, were both samples of one distribution"""

    @property
    def verdict(self) -> str:
        """Either "none", "some" or "much"."""
        if self.p_value >= SURE or self.psi < SOME_PSI:
            return "none"
        return "much" if self.psi >= MUCH_PSI else "some"


def measure_drift(reference: Values, current: Values) -> Drift | None:
    """Return how far a quantity has moved; None where either sample has fewer than `LEAST` values. NaN is left out."""
    reference, current = reference[np.isfinite(reference)], current[np.isfinite(current)]
    if min(len(reference), len(current)) < LEAST:
        return None
    test = ks_2samp(reference, current)
    return Drift(len(current), compute_psi(reference, current), float(test.statistic), float(test.pvalue))


def compute_psi(reference: Values, current: Values) -> float:
    """Return the population stability index: the sum of (q - p) ln(q / p) over the tenths of the reference.

    An empty bin counts as half a value. Quantities with few values, such as counts, have fewer bins.

    >>> sample = np.arange(1000, dtype=np.float32)
    >>> compute_psi(sample, sample), compute_psi(sample, sample + 500) > MUCH_PSI
    (0.0, True)
    """
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    counts = [np.bincount(np.digitize(sample, edges), minlength=len(edges) + 1) for sample in (reference, current)]
    is_used = counts[0] + counts[1] > 0
    before, after = (_share(one[is_used]) for one in counts)
    return float(((after - before) * np.log(after / before)).sum())


def _share(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    filled = np.maximum(counts, 0.5)
    shares: NDArray[np.float64] = filled / filled.sum()
    return shares
