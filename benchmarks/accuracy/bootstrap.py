"""Figures of merit of a thousand resamples at once, so that two models can be compared on the same molecules.

A resample is a weight per molecule: how often it was drawn. Each metric is computed for all resamples by one pass over
the molecules, sorted once; on the drawn molecules written out it gives what `moldesign.metrics` does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.metrics import LOWER_IS_BETTER

Weights = NDArray[np.float64]
"""[R, N]: how often each molecule is in each resample."""


class Gain(NamedTuple):
    """How much better one model is than another, in the unit of the metric; negative where it is worse."""

    gain: float
    """On the test molecules themselves."""
    low: float
    """2.5th percentile over the resamples."""
    high: float
    """97.5th percentile over the resamples."""


def draw_resamples(n_molecules: int, n_resamples: int, seed: int) -> Weights:
    """Return the weights of resamples drawn with replacement, float64 [R, N]; each row sums to N."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_molecules, np.full(n_molecules, 1 / n_molecules), size=n_resamples).astype(np.float64)


def measure_resamples(
    metric: str, labels: NDArray[np.float64], runs: Sequence[NDArray[np.float64]], weights: Weights
) -> NDArray[np.float64]:
    """Return the metric of each resample, float64 [R]: the mean over the runs, and over the targets within a run.

    Args:
        metric: a name of `moldesign.metrics.METRICS`.
        labels: [N, T], NaN where not measured.
        runs: predictions [N, T] of each seed.
        weights: of `draw_resamples`.
    """
    measure = WEIGHTED_METRICS[metric]
    figures = []
    for t, column in enumerate(labels.T):
        known = np.isfinite(column)
        figures.append([measure(column[known], run[known, t], weights[:, known]) for run in runs])
    with np.errstate(invalid="ignore"):
        return _average_defined(np.array(figures)).mean(axis=0)


def compare(metric: str, ours: tuple[float, NDArray[np.float64]], theirs: tuple[float, NDArray[np.float64]]) -> Gain:
    """Return the gain of `ours` over `theirs`, each given as its figure and that of every resample.

    Resamples on which a figure is not defined (a single class) are left out.
    """
    sign = -1 if metric in LOWER_IS_BETTER else 1
    gains = sign * (ours[1] - theirs[1])
    low, high = np.nanpercentile(gains, [2.5, 97.5])
    return Gain(float(sign * (ours[0] - theirs[0])), float(low), float(high))


def weigh_mae(truth: NDArray[np.float64], prediction: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Mean absolute error of each resample."""
    return _divide(weights @ np.abs(truth - prediction), weights.sum(axis=1))


def weigh_rmse(truth: NDArray[np.float64], prediction: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Root mean squared error of each resample."""
    return np.sqrt(_divide(weights @ (truth - prediction) ** 2, weights.sum(axis=1)))


def weigh_auroc(truth: NDArray[np.float64], prediction: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Area under the ROC curve of each resample: the share of (positive, negative) pairs in the right order."""
    positives = _sum_ties(prediction, weights * (truth == 1))
    negatives = _sum_ties(prediction, weights * (truth == 0))
    below = np.cumsum(negatives, axis=1) - negatives / 2
    return _divide((positives * below).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))


def weigh_auprc(truth: NDArray[np.float64], prediction: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Average precision of each resample."""
    positives = _sum_ties(-prediction, weights * (truth == 1))
    drawn = np.cumsum(_sum_ties(-prediction, weights), axis=1)
    precision = np.cumsum(positives, axis=1) / np.maximum(drawn, 1)
    return _divide((positives * precision).sum(axis=1), positives.sum(axis=1))


def weigh_spearman(
    truth: NDArray[np.float64], prediction: NDArray[np.float64], weights: Weights
) -> NDArray[np.float64]:
    """Spearman's rank correlation of each resample."""
    a, b = _rank(truth, weights), _rank(prediction, weights)
    total = weights.sum(axis=1, keepdims=True)
    a, b = (ranks - _divide((weights * ranks).sum(axis=1, keepdims=True), total) for ranks in (a, b))
    covariance = (weights * a * b).sum(axis=1)
    return _divide(covariance, np.sqrt((weights * a**2).sum(axis=1) * (weights * b**2).sum(axis=1)))


WEIGHTED_METRICS: Mapping[str, Callable[[NDArray[np.float64], NDArray[np.float64], Weights], NDArray[np.float64]]] = {
    "MAE": weigh_mae,
    "RMSE": weigh_rmse,
    "Spearman": weigh_spearman,
    "AUROC": weigh_auroc,
    "AUPRC": weigh_auprc,
}
"""By the names of `moldesign.metrics.METRICS`; NaN where the metric is not defined."""


def _rank(values: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Return the rank of each molecule among the drawn ones, ties averaged, float64 [R, N]."""
    tied = _sum_ties(values, weights)
    ranks = np.cumsum(tied, axis=1) - (tied - 1) / 2
    return ranks[:, np.unique(values, return_inverse=True)[1]]


def _sum_ties(values: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Return the summed weights of each distinct value, in ascending order of the values, float64 [R, G]."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    return np.add.reduceat(weights[:, order], starts, axis=1)


def _average_defined(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average [T, seeds, R] over the targets that are defined; NaN where none is."""
    defined = np.isfinite(figures)
    return _divide(np.where(defined, figures, 0).sum(axis=0), defined.sum(axis=0))


def _divide(a: NDArray[np.float64], b: NDArray[np.generic]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(b > 0, a / b, np.nan)
