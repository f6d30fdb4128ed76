"""Figures of merit: arrays in, one float out; NaN where the metric is not defined."""

import numpy as np
from numpy.typing import ArrayLike
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
