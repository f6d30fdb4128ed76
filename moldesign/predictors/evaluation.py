"""Figures of merit of one endpoint on molecules that a model has not seen, and whether a baseline does better."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from moldesign.metrics import DECISION_METRICS, LOWER_IS_BETTER, METRICS
from moldesign.predictors.endpoints import Endpoint

Figures = dict[str, float]

VALUE_FIGURES = {"regression": ("RMSE", "MAE", "R2", "Spearman"), "classification": ("AUROC", "AUPRC")}

LOG = "log10 "
"""Starts the name of a figure of the logarithms: with values over decades, the others hang on the largest few."""

EVEN_THRESHOLD = 0.5
_MIN_PER_CLASS = 5


@dataclass(frozen=True)
class Verdict:
    """A model beside its baseline, in the headline figure."""

    figure: str
    model: float
    baseline: float

    @property
    def baseline_is_better(self) -> bool:
        """Whether the baseline's figure is the better one."""
        return is_better(self.figure, self.baseline, self.model)


def is_better(figure: str, one: float, other: float) -> bool:
    """Return whether the first of two figures is the better one.

    >>> is_better("log10 MAE", 0.4, 0.5), is_better("AUROC", 0.4, 0.5), is_better("AUROC", 0.5, 0.5)
    (True, False, False)
    """
    return one != other and (one < other) == (figure.removeprefix(LOG) in LOWER_IS_BETTER)


def measure_target(
    endpoint: Endpoint, truth: ArrayLike, values: ArrayLike, threshold: float = EVEN_THRESHOLD
) -> Figures:
    """Return the figures of merit, rounded, and the number of molecules; a figure that is not defined is left out.

    What is learned as a logarithm also has the figures of the logarithms.

    Args:
        endpoint: what was predicted.
        truth: measured values, [N].
        values: predicted values or probabilities, [N].
        threshold: the probability from which a molecule is called positive.

    >>> measure_target(Endpoint("logd", "regression", "", ""), [1, 2, 3, 4], [1, 2, 3, 2])
    {'RMSE': 1.0, 'MAE': 0.5, 'R2': 0.2, 'Spearman': 0.6325, 'n': 4}
    """
    figures = {name: METRICS[name](truth, values) for name in VALUE_FIGURES[endpoint.task]}
    if endpoint.task == "classification":
        decisions = np.asarray(values) >= threshold
        figures |= {name: metric(truth, decisions) for name, metric in DECISION_METRICS.items()}
    elif endpoint.log_scale:
        logs = [np.log10(np.maximum(side, endpoint.floor)) for side in (truth, values)]
        figures |= {f"{LOG}{name}": METRICS[name](*logs) for name in ("RMSE", "MAE", "R2")}
    defined = {name: round(value, 4) for name, value in figures.items() if np.isfinite(value)}
    return defined | {"n": int(np.size(truth))}


def format_figure(value: float) -> str:
    """Return a figure with as many decimals as a reader has use for.

    >>> format_figure(0.98765), format_figure(-2.5), format_figure(412.34), format_figure(21888.316)
    ('0.988', '-2.500', '412.3', '21,888')
    """
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 100 else f"{value:.3f}"


def choose_threshold(truth: ArrayLike, probability: ArrayLike) -> float:
    """Return the probability from which calling a molecule positive gives the highest Matthews correlation.

    With fewer than five molecules of either class it is one half.

    >>> choose_threshold([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 0.1, 0.1, 0.1, 0.3, 0.3, 0.4, 0.5, 0.9])
    0.2
    """
    is_positive, score = np.asarray(truth) > 0.5, np.asarray(probability, dtype=np.float64)
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if min(n_positive, n_negative) < _MIN_PER_CLASS:
        return EVEN_THRESHOLD
    order = np.argsort(-score, kind="stable")
    ordered, hits = score[order], np.cumsum(is_positive[order])
    cuts = np.flatnonzero(ordered[:-1] > ordered[1:])  # after which the probability falls
    if len(cuts) == 0:
        return EVEN_THRESHOLD
    n_called, true_positive = cuts + 1.0, hits[cuts].astype(np.float64)
    covariance = true_positive * len(score) - n_called * n_positive
    spread = np.sqrt(n_called * (len(score) - n_called) * n_positive * n_negative)
    best = cuts[np.argmax(covariance / spread)]
    return round(float(ordered[best] + ordered[best + 1]) / 2, 6)


def judge(endpoint: Endpoint, model: Figures, baseline: Figures) -> Verdict | None:
    """Compare a model with its baseline, by AUROC or mean absolute error; None where that is not defined."""
    name = "AUROC" if endpoint.task == "classification" else f"{LOG if endpoint.log_scale else ''}MAE"
    return Verdict(name, model[name], baseline[name]) if name in model and name in baseline else None


def average_folds(folds: Sequence[Figures]) -> tuple[Figures, Figures]:
    """Return the mean of each figure over the folds that have it, its standard deviation, and the sum of n.

    >>> average_folds([{"MAE": 1.0, "n": 3}, {"MAE": 2.0, "n": 4}])
    ({'MAE': 1.5, 'n': 7}, {'MAE': 0.7071})
    """
    names = list(dict.fromkeys(name for figures in folds for name in figures if name != "n"))
    gathered = {name: [figures[name] for figures in folds if name in figures] for name in names}
    mean = {name: round(float(np.mean(values)), 4) for name, values in gathered.items()}
    spread = {name: round(float(np.std(values, ddof=1)), 4) for name, values in gathered.items() if len(values) > 1}
    return mean | {"n": int(sum(figures["n"] for figures in folds))}, spread
