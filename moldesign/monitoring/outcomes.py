"""Whether served predictions were right, where the molecules have been measured since."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from moldesign.metrics import compute_auroc
from moldesign.monitoring.log import LoggedPredictions
from moldesign.predictors.calibration import DEFAULT_LEVEL
from moldesign.predictors.endpoints import Endpoint

LEAST = 20
"""Measured molecules from which on a judgement is passed."""
SURE = 0.01


@dataclass(frozen=True)
class Outcome:
    """What measurements say of the predictions of one endpoint."""

    endpoint: str
    n: int
    error: float | None
    """Mean absolute error of a regression"""
    bias: float
    """Mean of predicted minus measured: of a classification, the probability less the share of actives"""
    auroc: float | None
    """Of a classification in which both classes were measured"""
    covered: float | None
    """Share of measured values inside the interval; None without intervals"""
    p_value: float | None
    """Of a coverage so far from the promised one, were the intervals right; of a classification, of such a bias"""
    test_error: float | None
    """Mean absolute error on the test split, as the model's card says"""

    @property
    def needs_calibration(self) -> bool:
        """Whether intervals or probabilities do not hold what they promise."""
        return self.n >= LEAST and self.p_value is not None and self.p_value < SURE

    @property
    def needs_training(self) -> bool:
        """Whether the values themselves are much worse than on the test split."""
        if self.n < LEAST:
            return False
        if self.error is not None and self.test_error is not None:
            return self.error > 1.5 * self.test_error
        return self.auroc is not None and self.auroc < 0.6

    def to_dict(self) -> dict[str, Any]:
        """Return the figures."""
        return asdict(self)


def judge_outcomes(
    logged: LoggedPredictions,
    labels: Mapping[tuple[str, str], float],
    endpoints: Sequence[Endpoint],
    test: Mapping[str, Mapping[str, Any]],
) -> list[Outcome]:
    """Return one outcome per endpoint that has measured values; of a molecule, the last prediction counts.

    Args:
        logged: served predictions of a model.
        labels: measured values by hash and endpoint.
        endpoints: those of the model.
        test: figures on the test split, by endpoint.
    """
    last = {name: row for row, name in enumerate(logged.hashes)}
    outcomes = []
    for column, endpoint in enumerate(endpoints):
        names = (endpoint.name, *endpoint.aliases)
        known = {row: labels[name, alias] for name, row in last.items() for alias in names if (name, alias) in labels}
        if known:
            outcomes.append(_judge(logged, endpoint, column, known, test.get(endpoint.name, {}).get("MAE")))
    return outcomes


def _judge(
    logged: LoggedPredictions, endpoint: Endpoint, column: int, known: Mapping[int, float], test_error: float | None
) -> Outcome:
    rows, measured = np.array(list(known)), np.array(list(known.values()))
    predicted = logged.values[rows, column].astype(np.float64)
    bias = float((predicted - measured).mean())
    if endpoint.task == "classification":
        both = 0 < measured.sum() < len(measured)
        area = compute_auroc(measured, predicted) if both else None
        return Outcome(endpoint.name, len(rows), None, bias, area, None, _test_mean(predicted, measured), None)
    low, high = logged.low[rows, column], logged.high[rows, column]
    has_interval = np.isfinite(low) & np.isfinite(high)
    inside = ((measured >= low) & (measured <= high))[has_interval]
    covered = float(inside.mean()) if len(inside) else None
    p_value = float(binomtest(int(inside.sum()), len(inside), DEFAULT_LEVEL).pvalue) if len(inside) else None
    error = float(np.abs(predicted - measured).mean())
    return Outcome(endpoint.name, len(rows), error, bias, None, covered, p_value, test_error)


def _test_mean(predicted: NDArray[np.float64], measured: NDArray[np.float64]) -> float:
    """Return how probable so many or so few actives are, if the probabilities are right (a normal approximation)."""
    from scipy.stats import norm  # noqa: PLC0415

    variance = float((predicted * (1 - predicted)).sum())
    return float(2 * norm.sf(abs((measured - predicted).sum()) / np.sqrt(max(variance, 1e-12))))
