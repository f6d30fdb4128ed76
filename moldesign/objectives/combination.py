"""From the terms of a molecule to its total."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def combine_terms(terms: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Return the weighted geometric mean of each row of `terms` [N, K].

    A molecule has to please in every respect: a term at 0 makes the total 0, whatever the other terms and
    whatever its weight, where an arithmetic mean would let a cheap wish pay for a failed one. A term of
    weight 0 therefore changes nothing unless it is broken: that is a hard limit. Where a term is missing (NaN),
    so is the total, unless another term is 0.

    >>> combine_terms(np.array([[1.0, 1.0], [0.25, 1.0], [0.0, 1.0]]), [1, 1]).tolist()
    [1.0, 0.5, 0.0]
    >>> combine_terms(np.array([[0.5, 1.0], [0.5, 0.0], [0.5, np.nan], [0.0, np.nan]]), [1, 0]).tolist()
    [0.5, 0.0, nan, 0.0]
    """
    exponents = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    total: FloatArray = np.prod(np.power(terms, exponents), axis=1)
    total[np.isnan(terms).any(axis=1)] = np.nan  # NaN to the power of 0 is 1
    return np.where((terms == 0).any(axis=1), 0.0, total)


def bound_total(terms: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Return the most that each total can be, float64 [N]: that of fully met wishes wherever a term is missing.

    >>> bound_total(np.array([[0.25, np.nan], [0.0, np.nan]]), [1, 1]).tolist()
    [0.5, 0.0]
    """
    return combine_terms(np.where(np.isnan(terms), 1.0, terms), weights)
