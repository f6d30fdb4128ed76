"""A model before and after it went on learning, on test molecules that neither has learned from, old ones and new."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from moldesign.metrics import LOWER_IS_BETTER
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.evaluation import EVEN_THRESHOLD, LOG, Figures, judge, measure_target
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.outcomes import Outcome

N_RESAMPLES = 1_000
_AT_ONCE = 100

Floats = NDArray[np.float64]


class Gain(NamedTuple):
    """How much better the later model is on the same molecules; negative where it is worse."""

    figure: str
    before: float
    after: float
    gain: float
    low: float
    """2.5th percentile over resamples of the molecules"""
    high: float
    """97.5th percentile"""


class _Tested(NamedTuple):
    """n test molecules of one endpoint."""

    endpoint: Endpoint
    truth: Floats
    before: Floats
    after: Floats
    thresholds: tuple[float, float]
    """Before and after: the probability from which a molecule is called positive"""

    def select(self, chosen: NDArray[np.bool_]) -> "_Tested":
        return self._replace(truth=self.truth[chosen], before=self.before[chosen], after=self.after[chosen])


def measure_progress(
    predictor: Predictor, table: LabelTable, is_new: NDArray[np.bool_], outcomes: Sequence[Outcome]
) -> dict[str, dict[str, Any]]:
    """Return figures of each endpoint on its old and its new test molecules, before and after.

    Args:
        predictor: the model before.
        table: M molecules, old and new.
        is_new: which of them the model before was not made of, bool [M].
        outcomes: T tests of the model after.
    """
    measured = {}
    for t, outcome in enumerate(outcomes):
        [part] = outcome.parts
        before = predictor.predict([table.smiles[row] for row in part.rows.tolist()], with_domain=False).values[:, t]
        threshold = predictor.card.get("thresholds", {}).get(outcome.endpoint.name, EVEN_THRESHOLD)
        tested = _Tested(
            outcome.endpoint,
            table.labels[part.rows, t],
            before.astype(np.float64),
            part.values,
            (threshold, part.threshold),
        )
        groups = {"old": ~is_new[part.rows], "new": is_new[part.rows]}
        measured[outcome.endpoint.name] = {name: _compare(tested.select(rows)) for name, rows in groups.items()}
    return measured


def _compare(tested: _Tested) -> dict[str, Any]:
    before, after = (
        measure_target(tested.endpoint, tested.truth, values, threshold)
        for values, threshold in zip((tested.before, tested.after), tested.thresholds, strict=True)
    )
    gain = _measure_gain(tested, before, after)
    return {"n": len(tested.truth), "before": before, "after": after, "gain": None if gain is None else gain._asdict()}


def _measure_gain(tested: _Tested, before: Figures, after: Figures) -> Gain | None:
    """Return the gain in the headline figure; None where it is not defined, or hardly ever is on a resample."""
    verdict = judge(tested.endpoint, after, before)
    if verdict is None:
        return None
    figure = verdict.figure
    gains = _resample(figure.removeprefix(LOG), *_scale(tested, figure))
    if len(gains) < N_RESAMPLES / 2:
        return None
    low, high = np.percentile(gains, [2.5, 97.5]).tolist()
    sign = -1 if figure.removeprefix(LOG) in LOWER_IS_BETTER else 1
    gain = sign * (verdict.model - verdict.baseline)
    return Gain(figure, verdict.baseline, verdict.model, round(gain, 4), round(low, 4), round(high, 4))


def _scale(tested: _Tested, figure: str) -> tuple[Floats, Floats, Floats]:
    sides = tested.truth, tested.before, tested.after
    if not figure.startswith(LOG):
        return sides
    truth, before, after = (np.log10(np.maximum(side, tested.endpoint.floor)) for side in sides)
    return truth, before, after


def _resample(name: str, truth: Floats, before: Floats, after: Floats) -> Floats:
    """Return the gain on each resample of the molecules on which the figure is defined."""
    rng, gains = np.random.default_rng(0), list[Floats]()
    for _ in range(N_RESAMPLES // _AT_ONCE):
        rows = rng.integers(len(truth), size=(_AT_ONCE, len(truth)))
        if name in LOWER_IS_BETTER:
            gains.append((np.abs(truth - before) - np.abs(truth - after))[rows].mean(axis=1))
        else:
            gains.append(_measure_auroc(truth[rows], after[rows]) - _measure_auroc(truth[rows], before[rows]))
    drawn = np.concatenate(gains)
    return drawn[np.isfinite(drawn)]


def _measure_auroc(truth: Floats, values: Floats) -> Floats:
    """Return the area under the ROC curve of each row, all at once; NaN where all are of one class."""
    is_positive = truth > 0.5
    n_positive = is_positive.sum(axis=1)
    n_pairs = n_positive * (truth.shape[1] - n_positive)
    won = (rankdata(values, axis=1) * is_positive).sum(axis=1) - n_positive * (n_positive + 1) / 2
    areas: Floats = np.where(n_pairs > 0, won / np.maximum(n_pairs, 1), np.nan)
    return areas
