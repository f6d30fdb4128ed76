"""Figures of merit: arrays in, one float out; NaN where the metric is not defined."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    matthews_corrcoef,
    mean_absolute_error,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)


def compute_mae(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Mean absolute error, in the unit of the values; NaN without any.

    >>> compute_mae([1.0, 2.0], [1.0, 3.0])
    0.5
    """
    return float(mean_absolute_error(truth, prediction)) if np.size(truth) else float("nan")


def compute_rmse(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Root mean squared error, in the unit of the values; NaN without any.

    >>> compute_rmse([1.0, 2.0], [4.0, 6.0]) == 12.5**0.5
    True
    """
    return float(root_mean_squared_error(truth, prediction)) if np.size(truth) else float("nan")


def compute_r2(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Share of the variance that is explained (coefficient of determination); NaN when the truth does not vary.

    0 is what the mean of the truth would reach; a worse prediction is below 0.

    >>> compute_r2([1, 2, 3], [2, 2, 2])
    0.0
    """
    if np.size(truth) == 0 or np.ptp(np.asarray(truth)) == 0:
        return float("nan")
    return float(r2_score(truth, prediction))


def compute_spearman(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Spearman's rank correlation; NaN when either side is constant or empty.

    >>> round(compute_spearman([1, 2, 3], [10, 20, 30]), 6)
    1.0
    """
    if np.size(truth) == 0 or np.ptp(np.asarray(truth)) == 0 or np.ptp(np.asarray(prediction)) == 0:
        return float("nan")
    return float(spearmanr(truth, prediction).statistic)


def compute_auroc(truth: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve; NaN when only one class is present.

    >>> compute_auroc([0, 0, 1], [0.1, 0.2, 0.9])
    1.0
    """
    return float("nan") if len(np.unique(np.asarray(truth))) < 2 else float(roc_auc_score(truth, score))


def compute_auprc(truth: ArrayLike, score: ArrayLike) -> float:
    """Area under the precision-recall curve as average precision; NaN without a positive.

    >>> compute_auprc([0, 0, 1], [0.1, 0.2, 0.9])
    1.0
    """
    return float("nan") if not np.any(np.asarray(truth)) else float(average_precision_score(truth, score))


class _TiedRanks(NamedTuple):
    """A ranked list as groups of equal scores, best first; inside a group no order is better than another."""

    starts: NDArray[np.int64]
    """[G], molecules ranked before each group"""
    sizes: NDArray[np.int64]
    """[G]"""
    actives: NDArray[np.int64]
    """[G]"""

    @property
    def n(self) -> int:
        return int(self.sizes.sum())

    @property
    def n_active(self) -> int:
        return int(self.actives.sum())


def compute_enrichment(truth: ArrayLike, score: ArrayLike, fraction: float) -> float:
    """Enrichment factor: the share of actives among the best-scored `fraction`, over their share of all molecules.

    The best `fraction` are the first ceil(fraction * N). Where equal scores straddle that cut, the expected value over
    all orders of the tied molecules is returned, so that the order of the input decides nothing.

    Args:
        truth: [N], 1 for an active, 0 for an inactive.
        score: [N], higher is better.
        fraction: above 0, at most 1; 0.01 for the EF 1 %.

    Returns:
        1 for a random order; NaN without an active.

    Raises:
        ValueError: the fraction is out of range, or a score is NaN.

    >>> compute_enrichment([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 0.1)
    5.0
    >>> compute_enrichment([1, 0, 0, 0], [0, 0, 0, 0], 0.25)
    1.0
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"the fraction of an enrichment factor lies above 0 and is at most 1, not {fraction}")
    ranks = _rank_ties(truth, score)
    if ranks.n_active == 0:
        return float("nan")
    n_taken = count_taken(ranks.n, fraction)
    taken = np.clip(n_taken - ranks.starts, 0, ranks.sizes)
    hits = float((ranks.actives * taken / ranks.sizes).sum())
    return hits / n_taken * ranks.n / ranks.n_active


def count_taken(n: int, fraction: float) -> int:
    """Return how many of n molecules are the best `fraction`: rounded up, as RDKit does.

    >>> count_taken(1000, 0.005), count_taken(1001, 0.01)
    (5, 11)
    """
    return math.ceil(round(fraction * n, 9))


def compute_bedroc(truth: ArrayLike, score: ArrayLike, alpha: float = 20.0) -> float:
    """Boltzmann-enhanced discrimination of ROC (Truchon and Bayly 2007, doi:10.1021/ci600426e), 0 to 1.

    An active at rank r of N weighs exp(-alpha * r / N); the sum is scaled so that 1 means all actives first and 0 all
    of them last. With alpha = 20 the first 8 % of the list make up 80 % of the figure, with 80.5 the first 2 %. The
    figure of a random order depends on the share of actives. Tied molecules get the mean weight of their ranks, which
    is the expected value over all their orders.

    Args:
        truth: [N], 1 for an active, 0 for an inactive.
        score: [N], higher is better.
        alpha: above 0.

    Returns:
        NaN unless there are actives and inactives.

    Raises:
        ValueError: alpha is not positive, or a score is NaN.

    >>> compute_bedroc([1, 0, 0, 0], [4, 3, 2, 1]), compute_bedroc([0, 0, 0, 1], [4, 3, 2, 1])
    (1.0, 0.0)
    """
    if alpha <= 0:
        raise ValueError(f"alpha of BEDROC is positive, for example 20, not {alpha}")
    ranks = _rank_ties(truth, score)
    n, n_active = ranks.n, ranks.n_active
    if n_active in (0, n):
        return float("nan")
    before, after = (np.exp(-alpha * ends / n) for ends in (ranks.starts, ranks.starts + ranks.sizes))
    total = float((ranks.actives * (before - after) / ranks.sizes).sum())
    highest = 1 - math.exp(-alpha * n_active / n)
    lowest = math.exp(-alpha * (1 - n_active / n)) - math.exp(-alpha)
    # What the geometric sums have in common, 1 / (exp(alpha / N) - 1), cancels.
    return (total - lowest) / (highest - lowest)


def _rank_ties(truth: ArrayLike, score: ArrayLike) -> _TiedRanks:
    is_active, scores = np.asarray(truth) > 0, np.asarray(score, dtype=np.float64)
    if np.isnan(scores).any():
        raise ValueError(f"{int(np.isnan(scores).sum())} scores are NaN, which have no rank; leave these molecules out")
    _, group, sizes = np.unique(-scores, return_inverse=True, return_counts=True)
    actives = np.bincount(group, weights=is_active, minlength=len(sizes)).astype(np.int64)
    return _TiedRanks(np.cumsum(sizes) - sizes, sizes, actives)


def compute_ece(truth: ArrayLike, probability: ArrayLike, n_bins: int = 10) -> float:
    """Expected calibration error (arXiv:1706.04599) over bins of equal width; NaN without any.

    The mean over the molecules of |share of positives - mean probability| of the bin they fall into. Of few molecules
    it is not 0 even for the true probabilities: of 100 about 0.1.

    >>> round(compute_ece([0, 0, 1, 1], [0.15, 0.12, 0.93, 0.95]), 4)
    0.0975
    """
    labels, predicted = np.asarray(truth, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    if labels.size == 0:
        return float("nan")
    bins = np.minimum((predicted * n_bins).astype(np.int64), n_bins - 1)
    excess = np.bincount(bins, weights=labels - predicted, minlength=n_bins)
    return float(np.abs(excess).sum() / labels.size)


def compute_accuracy(truth: ArrayLike, decision: ArrayLike) -> float:
    """Share of the decisions that are right; NaN without any.

    >>> compute_accuracy([0, 0, 1, 1], [0, 1, 1, 1])
    0.75
    """
    return float(accuracy_score(truth, decision)) if np.size(truth) else float("nan")


def compute_precision(truth: ArrayLike, decision: ArrayLike) -> float:
    """Share of those called positive that are; NaN when none is called so.

    >>> compute_precision([0, 0, 1, 1], [0, 1, 1, 0])
    0.5
    """
    return float(precision_score(truth, decision)) if np.any(np.asarray(decision)) else float("nan")


def compute_recall(truth: ArrayLike, decision: ArrayLike) -> float:
    """Share of the positives that are called so (sensitivity); NaN without a positive.

    >>> compute_recall([0, 1, 1, 1, 1], [0, 1, 1, 1, 0])
    0.75
    """
    return float(recall_score(truth, decision)) if np.any(np.asarray(truth)) else float("nan")


def compute_specificity(truth: ArrayLike, decision: ArrayLike) -> float:
    """Share of the negatives that are called so; NaN without a negative.

    >>> compute_specificity([0, 0, 0, 0, 1], [0, 0, 0, 1, 1])
    0.75
    """
    return compute_recall(~np.asarray(truth, dtype=bool), ~np.asarray(decision, dtype=bool))


def compute_f1(truth: ArrayLike, decision: ArrayLike) -> float:
    """Harmonic mean of precision and recall; NaN without a positive, 0 when none of them is found.

    >>> compute_f1([0, 0, 1, 1], [0, 1, 1, 0])
    0.5
    """
    is_true, is_called = np.asarray(truth, dtype=bool), np.asarray(decision, dtype=bool)
    return float(2 * (is_true & is_called).sum() / (is_true.sum() + is_called.sum())) if is_true.any() else float("nan")


def compute_mcc(truth: ArrayLike, decision: ArrayLike) -> float:
    """Matthews correlation coefficient, -1 to 1; NaN when either side has one class alone.

    >>> compute_mcc([0, 0, 1, 1], [0, 0, 1, 1])
    1.0
    """
    if len(np.unique(np.asarray(truth))) < 2 or len(np.unique(np.asarray(decision))) < 2:
        return float("nan")
    return float(matthews_corrcoef(truth, decision))


METRICS = {
    "MAE": compute_mae,
    "RMSE": compute_rmse,
    "R2": compute_r2,
    "Spearman": compute_spearman,
    "AUROC": compute_auroc,
    "AUPRC": compute_auprc,
    "ECE": compute_ece,
}
"""Of values and scores, by the names that the benchmarks use."""

DECISION_METRICS = {
    "accuracy": compute_accuracy,
    "precision": compute_precision,
    "recall": compute_recall,
    "specificity": compute_specificity,
    "F1": compute_f1,
    "MCC": compute_mcc,
}
"""Of decisions, 0 or 1; a higher figure is better."""

LOWER_IS_BETTER = frozenset({"MAE", "RMSE", "ECE"})
