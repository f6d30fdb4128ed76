"""Several models as one: weights fitted on predictions of molecules that the models had not seen."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from moldesign.metrics import LOWER_IS_BETTER, METRICS

BlendScale = Literal["logit", "log10", "linear"]
"""Where predictions are averaged: probabilities as logits, values of several decades as logarithms."""

N_ROUNDS = 100
SHRINKAGE = 300.0
SMALLEST = {"logit": 1e-4, "log10": 1e-6}
"""Predictions nearer to the end of a scale than this are moved there: one sure model must not outvote all others."""


def choose_scale(kind: str, *, log_scale: bool) -> BlendScale:
    """Return the scale for a task.

    >>> choose_scale("classification", log_scale=False), choose_scale("regression", log_scale=True)
    ('logit', 'log10')
    """
    if kind == "classification":
        return "logit"
    return "log10" if log_scale else "linear"


def fit_weights(
    unseen: Mapping[str, NDArray[np.float64]],
    labels: NDArray[np.float64],
    metric: str,
    scale: BlendScale,
    *,
    shrinkage: float = SHRINKAGE,
) -> dict[str, float]:
    """Return the weight of each model: non-negative, with sum 1.

    The metric itself is optimised by greedy selection with replacement (doi:10.1145/1015330.1015432): of the models,
    the one that improves the average most is added, `N_ROUNDS` times. On few molecules that choice is mostly luck, so
    the weights are drawn towards equal ones, as if `shrinkage` more molecules spoke for those.

    Args:
        unseen: predictions [N] of each model, in the unit of the task, of molecules it had not seen.
        labels: [N], NaN where not measured.
        metric: a name of `METRICS`.
        scale: where the predictions are averaged.
        shrinkage: in molecules; 0 trusts the metric alone.

    Raises:
        ValueError: there is no model, or no molecule with a label and all predictions.

    >>> labels = np.array([1.0, 2.0, 3.0, 4.0])
    >>> fit_weights({"good": labels, "poor": labels + 1}, labels, "MAE", "linear", shrinkage=0)
    {'good': 1.0, 'poor': 0.0}
    """
    if not unseen:
        raise ValueError("no model to weigh; give the predictions of at least one")
    scaled = np.stack([to_scale(values, scale) for values in unseen.values()])
    known = np.isfinite(labels) & np.isfinite(scaled).all(axis=0)
    if not known.any():
        raise ValueError(f"no molecule has a label and predictions of all of {', '.join(unseen)}")
    fitted = _select_greedily(scaled[:, known], labels[known], metric, scale)
    trust = known.sum() / (known.sum() + shrinkage)
    weights = trust * fitted + (1 - trust) / len(unseen)
    return dict(zip(unseen, weights.tolist(), strict=True))


def blend(
    predictions: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float], scale: BlendScale
) -> NDArray[np.float64]:
    """Return the weighted mean of several models' predictions, in their unit; NaN where one of weight has none.

    Raises:
        ValueError: a model of `weights` is not among the predictions.

    >>> blend({"a": np.array([0.1]), "b": np.array([0.9])}, {"a": 0.5, "b": 0.5}, "logit").round(6).tolist()
    [0.5]
    """
    if missing := [name for name in weights if name not in predictions]:
        raise ValueError(f"no predictions of {', '.join(missing)}, which have a weight")
    parts = [weight * to_scale(predictions[name], scale) for name, weight in weights.items() if weight > 0]
    return from_scale(np.sum(parts, axis=0), scale)


def to_scale(values: NDArray[np.float64], scale: BlendScale) -> NDArray[np.float64]:
    """Move values from their unit to the scale on which they are averaged."""
    if scale == "logit":
        probability = np.clip(values, SMALLEST["logit"], 1 - SMALLEST["logit"])
        return np.log(probability / (1 - probability))
    return np.log10(np.maximum(values, SMALLEST["log10"])) if scale == "log10" else np.asarray(values)


def from_scale(values: NDArray[np.float64], scale: BlendScale) -> NDArray[np.float64]:
    """Undo `to_scale`."""
    if scale == "logit":
        return 1 / (1 + np.exp(-values))
    return np.asarray(10.0**values) if scale == "log10" else values


def _select_greedily(
    scaled: NDArray[np.float64], labels: NDArray[np.float64], metric: str, scale: BlendScale
) -> NDArray[np.float64]:
    """Return how often each of M models was chosen, as a share, float64 [M]."""
    sign = -1 if metric in LOWER_IS_BETTER else 1
    counts, total = np.zeros(len(scaled)), np.zeros(scaled.shape[1])
    for n_chosen in range(1, N_ROUNDS + 1):
        figures = [sign * METRICS[metric](labels, from_scale((total + one) / n_chosen, scale)) for one in scaled]
        if not np.isfinite(figures).any():  # such as the AUROC of a single class: nothing to choose by
            return np.full(len(scaled), 1 / len(scaled))
        best = int(np.nanargmax(figures))
        counts[best] += 1
        total += scaled[best]
    return counts / N_ROUNDS
