"""How good an ensemble is on the molecules that were kept from it, target by target, beside the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.splits import Split
from moldesign.predictors.baseline import predict_by_forest
from moldesign.predictors.calibration import Calibration, Summary, fit_calibration, summarize_outputs
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble_fit import SplitFit
from moldesign.predictors.evaluation import (
    EVEN_THRESHOLD,
    Figures,
    Verdict,
    average_folds,
    choose_threshold,
    judge,
    measure_target,
)
from moldesign.predictors.fitting import LabelTable

Floats = NDArray[np.float64]


class TestedPart(NamedTuple):
    """The test part of one split for one target: n molecules that have a label."""

    rows: NDArray[np.int64]
    """[n], of the table"""
    values: Floats
    std: Floats
    baseline: Floats
    threshold: float
    """The probability from which a molecule is called positive, chosen on the validation part"""
    figures: Figures
    baseline_figures: Figures


@dataclass(frozen=True)
class Outcome:
    """What the test says of one target."""

    endpoint: Endpoint
    parts: tuple[TestedPart, ...]
    """One per split."""

    @property
    def figures(self) -> Figures:
        """Of the model; the mean over folds where there are several."""
        return average_folds([part.figures for part in self.parts])[0]

    @property
    def spread(self) -> Figures:
        """Standard deviation of each figure over the folds; empty for a single split."""
        return average_folds([part.figures for part in self.parts])[1]

    @property
    def baseline_figures(self) -> Figures:
        """Of the baseline, likewise."""
        return average_folds([part.baseline_figures for part in self.parts])[0]

    @property
    def baseline_spread(self) -> Figures:
        """Of the baseline, likewise."""
        return average_folds([part.baseline_figures for part in self.parts])[1]

    @property
    def threshold(self) -> float:
        """The probability from which a molecule is called positive: the median over the splits."""
        return float(np.median([part.threshold for part in self.parts]))

    @property
    def verdict(self) -> Verdict | None:
        """The model beside the baseline; None where the figure they are compared by is not defined."""
        return judge(self.endpoint, self.figures, self.baseline_figures)


def calibrate(table: LabelTable, endpoints: Sequence[Endpoint], fits: Sequence[SplitFit]) -> Calibration:
    """Fit the calibration on molecules that the networks were not trained on.

    These are the validation part of a single split; of several folds they are the test parts, where each molecule was
    predicted by the ensemble that has not seen it.
    """
    mean, std = (np.full(table.labels.shape, np.nan, dtype=np.float32) for _ in range(2))
    for fit in fits:
        rows, outputs = (fit.split.test, fit.test) if len(fits) > 1 else (fit.split.valid, fit.valid)
        mean[rows], std[rows] = outputs.mean(axis=0), outputs.std(axis=0)
    return fit_calibration(endpoints, table.labels, mean, std)


def evaluate(
    table: LabelTable, endpoints: Sequence[Endpoint], fits: Sequence[SplitFit], calibration: Calibration, *, seed: int
) -> list[Outcome]:
    """Test every target on the test part of every split.

    Args:
        table: all molecules.
        endpoints: T targets.
        fits: one ensemble per split.
        calibration: of a single split; the folds of a cross-validation are tested without, because their
            calibration has seen the test parts.
        seed: of the baseline.
    """
    applied = calibration if len(fits) == 1 else Calibration()
    return [
        Outcome(endpoint, tuple(_test(table, endpoint, t, fit, applied, seed) for fit in fits))
        for t, endpoint in enumerate(endpoints)
    ]


def _test(
    table: LabelTable, endpoint: Endpoint, t: int, fit: SplitFit, calibration: Calibration, seed: int
) -> TestedPart:
    labels = table.labels[:, t]
    is_known = np.isfinite(labels[fit.split.test])
    rows = fit.split.test[is_known]
    threshold = _choose_threshold(endpoint, labels[fit.split.valid], _summarize(endpoint, fit.valid, t, calibration))
    summary = _summarize(endpoint, fit.test[:, is_known], t, calibration)
    values, std = summary.values[:, 0].astype(np.float64), summary.std[:, 0].astype(np.float64)
    learned = _select_labelled(fit.split, labels)
    smiles = [table.smiles[row] for row in rows.tolist()]
    known_smiles = [table.smiles[row] for row in learned.tolist()]
    forest = predict_by_forest(endpoint, known_smiles, labels[learned], smiles, seed=seed)
    truth = labels[rows]
    return TestedPart(
        rows,
        values,
        std,
        forest.values,
        threshold,
        measure_target(endpoint, truth, values, threshold),
        measure_target(endpoint, truth, forest.values, forest.threshold),
    )


def _select_labelled(split: Split, labels: Floats) -> NDArray[np.int64]:
    """Return the rows that a baseline may learn from: it needs no validation part."""
    return split.untested[np.isfinite(labels[split.untested])]


def _summarize(endpoint: Endpoint, outputs: NDArray[np.float32], t: int, calibration: Calibration) -> Summary:
    return summarize_outputs([endpoint], outputs[:, :, t : t + 1], calibration)


def _choose_threshold(endpoint: Endpoint, labels: Floats, summary: Summary) -> float:
    if endpoint.task == "regression":
        return EVEN_THRESHOLD
    known = np.isfinite(labels)
    return choose_threshold(labels[known], summary.values[known, 0])
