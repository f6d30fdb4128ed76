"""Figures of merit: arrays in, one float out; NaN where the metric is not defined."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, mean_absolute_error, roc_auc_score


def compute_mae(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Mean absolute error, in the unit of the values; NaN without any.

    >>> compute_mae([1.0, 2.0], [1.0, 3.0])
    0.5
    """
    return float(mean_absolute_error(truth, prediction)) if np.size(truth) else float("nan")


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


METRICS = {"MAE": compute_mae, "Spearman": compute_spearman, "AUROC": compute_auroc, "AUPRC": compute_auprc}
"""By the names that the benchmarks use."""

LOWER_IS_BETTER = frozenset({"MAE"})
