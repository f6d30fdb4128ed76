"""What a log of predictions says of a model: drift of its inputs and outputs, its errors, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from moldesign.monitoring.drift import Drift, measure_drift
from moldesign.monitoring.features import FEATURES, SIMILARITY
from moldesign.monitoring.log import LoggedPredictions, PredictionLog
from moldesign.monitoring.observing import make_reference
from moldesign.monitoring.outcomes import Outcome, judge_outcomes
from moldesign.predictors.ensemble import Predictor

LEAST = 50
"""Molecules below which nothing is said of drift."""
MUCH_OUTSIDE = 2.0
"""Times the share of training molecules that is outside the domain."""

_GO_ON = "moldesign train --continue does it with a model of your own, without forgetting"


@dataclass(frozen=True)
class Report:
    """How a served model is doing."""

    model: str
    n_predictions: int
    n_molecules: int
    n_dropped: int
    """Predictions that were served and not logged"""
    first: float
    """Unix seconds"""
    last: float
    outside: float
    """Mean share of the molecules outside the domain, over the endpoints"""
    expected_outside: float
    """The same of training molecules"""
    inputs: dict[str, Drift]
    outputs: dict[str, Drift]
    outcomes: list[Outcome]
    advice: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        drifts = {
            key: {name: drift._asdict() | {"verdict": drift.verdict} for name, drift in part.items()}
            for key, part in (("inputs", self.inputs), ("outputs", self.outputs))
        }
        plain = ("model", "n_predictions", "n_molecules", "n_dropped", "first", "last", "outside", "expected_outside")
        return {
            **{key: getattr(self, key) for key in plain},
            **drifts,
            "outcomes": [one.to_dict() for one in self.outcomes],
            "advice": self.advice,
        }


def make_report(log: PredictionLog, predictor: Predictor, *, since: float = 0.0, seed: int = 0) -> Report | None:
    """Return what the log says of a model; None where it has served nothing.

    Of a molecule that was asked for several times, the last prediction counts.

    Args:
        log: the log.
        predictor: the model, whose training molecules are what served ones are compared with.
        since: predictions from this time on (Unix seconds).
        seed: chooses the training molecules.
    """
    served = [
        one for one in log.list_models() if one.sha256 == predictor.card.get("sha256") and one.features == FEATURES
    ]
    if not served or not (logged := log.read(served[-1], since)).hashes:
        return None
    reference = make_reference(predictor, np.random.default_rng(seed))
    rows = np.array(sorted({name: row for row, name in enumerate(logged.hashes)}.values()))
    features, values, in_domain = logged.features[rows], logged.values[rows], logged.in_domain[rows]
    inputs = _compare(FEATURES, reference.features, features)
    outputs = _compare([one.name for one in predictor.endpoints], reference.values, values)
    outcomes = judge_outcomes(logged, log.read_labels(), predictor.endpoints, predictor.card.get("test", {}))
    outside, expected = float(1 - in_domain.mean()), float(1 - reference.in_domain.mean())
    return Report(
        model=predictor.name,
        n_predictions=len(logged.hashes),
        n_molecules=len(rows),
        n_dropped=log.count_dropped(),
        first=float(logged.time.min()),
        last=float(logged.time.max()),
        outside=outside,
        expected_outside=expected,
        inputs=inputs,
        outputs=outputs,
        outcomes=outcomes,
        advice=advise(logged, inputs, outcomes, outside, expected),
    )


def advise(
    logged: LoggedPredictions, inputs: dict[str, Drift], outcomes: Sequence[Outcome], outside: float, expected: float
) -> list[str]:
    """Return what to do, the most pressing first."""
    advice = [
        f"retrain: {one.endpoint} is predicted worse than on the test split ({_describe_error(one)}, {one.n} measured)"
        f"; {_GO_ON}"
        for one in outcomes
        if one.needs_training
    ]
    wrong = [one for one in outcomes if one.needs_calibration and not one.needs_training]
    advice += [f"recalibrate: {_describe_calibration(one)}; moldesign train --recalibrate does it" for one in wrong]
    if len(set(logged.hashes)) < LEAST:
        return [*advice, f"fewer than {LEAST} molecules: too few to speak of drift"]
    similarity = inputs.get(SIMILARITY)
    if outside > MUCH_OUTSIDE * expected and outside > 0.1:
        advice.append(
            f"retrain with molecules like these: {outside:.0%} of the predictions are outside the domain, "
            f"{expected:.0%} of those for training molecules are; measure some, and add them by add-labels; {_GO_ON}"
        )
    elif similarity is not None and similarity.verdict == "much" and similarity.shift < 0:
        advice.append(
            "measure some of these molecules: they resemble the training molecules less than those each other"
        )
    return advice or ["nothing to do"]


def _compare(names: Sequence[str], reference: Any, current: Any) -> dict[str, Drift]:
    drifts = ((name, measure_drift(reference[:, k], current[:, k])) for k, name in enumerate(names))
    return {name: drift for name, drift in drifts if drift is not None}


def _describe_error(outcome: Outcome) -> str:
    if outcome.error is None:
        return f"AUROC {outcome.auroc:.2f}"
    return f"mean error {outcome.error:.3g}, there {outcome.test_error:.3g}"


def _describe_calibration(outcome: Outcome) -> str:
    if outcome.covered is None:
        return (
            f"the probabilities of {outcome.endpoint} are off by {outcome.bias:+.2f} on average ({outcome.n} measured)"
        )
    return f"the 90 % intervals of {outcome.endpoint} hold {outcome.covered:.0%} of {outcome.n} measured values"
