"""Figures of early recognition of many resamples at once.

A resample is a weight per molecule: how often it was drawn. Actives and decoys are drawn apart, so that their ratio,
on which enrichment factors hang, stays. The list is sorted once; on the drawn molecules written out the figures are
those of `moldesign.metrics`.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.metrics import compute_auroc, compute_bedroc, compute_enrichment

Floats = NDArray[np.float64]

FRACTIONS = {"EF 0.5 %": 0.005, "EF 1 %": 0.01, "EF 5 %": 0.05}
ALPHAS = {"BEDROC 20": 20.0, "BEDROC 80.5": 80.5}
METRICS = {
    **{name: partial(compute_enrichment, fraction=fraction) for name, fraction in FRACTIONS.items()},
    **{name: partial(compute_bedroc, alpha=alpha) for name, alpha in ALPHAS.items()},
    "AUROC": compute_auroc,
}
"""Of (is active, score), higher is better."""


class Interval(NamedTuple):
    """A figure, and where 95 % of its resamples lie."""

    value: float
    low: float
    high: float


def draw_stratified(is_active: NDArray[np.bool_], n_resamples: int, seed: int) -> Floats:
    """Return the weights of resamples with replacement, float64 [R, N]; both classes keep their number."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((n_resamples, len(is_active)))
    for kind in (True, False):
        rows = np.flatnonzero(is_active == kind)
        weights[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=n_resamples)
    return weights


def measure(is_active: NDArray[np.bool_], scores: Floats) -> dict[str, float]:
    """Return every figure of a ranked list."""
    return {name: metric(is_active, scores) for name, metric in METRICS.items()}


def measure_resamples(is_active: NDArray[np.bool_], scores: Floats, weights: Floats) -> dict[str, Floats]:
    """Return every figure of every resample, float64 [R] each.

    Args:
        is_active: [N]
        scores: [N], higher is better
        weights: [R, N], of `draw_stratified`
    """
    order = np.argsort(-scores, kind="stable")
    firsts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    sizes = np.add.reduceat(weights[:, order], firsts, axis=1)
    actives = np.add.reduceat(weights[:, order] * is_active[order], firsts, axis=1)
    ends = np.cumsum(sizes, axis=1)
    n, n_active = ends[:, -1:], actives.sum(axis=1, keepdims=True)
    share = actives / np.maximum(sizes, 1)
    figures = {}
    for name, fraction in FRACTIONS.items():
        n_taken = np.ceil((fraction * n).round(9))
        hits = (share * np.clip(n_taken - (ends - sizes), 0, sizes)).sum(axis=1, keepdims=True)
        figures[name] = (hits / n_taken * n / n_active)[:, 0]
    for name, alpha in ALPHAS.items():
        total = (share * (np.exp(-alpha * (ends - sizes) / n) - np.exp(-alpha * ends / n))).sum(axis=1, keepdims=True)
        lowest = np.exp(-alpha * (1 - n_active / n)) - np.exp(-alpha)
        figures[name] = ((total - lowest) / (1 - np.exp(-alpha * n_active / n) - lowest))[:, 0]
    decoys = sizes - actives
    below = (n - n_active) - np.cumsum(decoys, axis=1) + decoys / 2
    figures["AUROC"] = ((actives * below).sum(axis=1, keepdims=True) / (n_active * (n - n_active)))[:, 0]
    return figures


def bound(value: float, resamples: Floats) -> Interval:
    """Return a figure with the 2.5th and the 97.5th percentile of its resamples."""
    low, high = np.percentile(resamples, [2.5, 97.5]).tolist()
    return Interval(value, low, high)
