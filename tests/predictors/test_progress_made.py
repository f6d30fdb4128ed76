"""Before and after on the same molecules: the gain has the right sign, and its interval says how sure it is."""

from types import SimpleNamespace

import numpy as np
import pytest

from moldesign.metrics import METRICS
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.evaluation import measure_target
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.outcomes import Outcome, TestedPart
from moldesign.predictors.progress_made import _measure_auroc, measure_progress

N = 200
SMILES = ["C" * n for n in range(1, N + 1)]
IS_NEW = np.arange(N) >= 120
RNG = np.random.default_rng(0)
CLASS = Endpoint("active", "classification", "probability", "")
CLEARANCE = Endpoint("clearance", "regression", "mL/min", "", log_scale=True, floor=0.01)


def compare(endpoint, truth, before, after):
    figures = measure_target(endpoint, truth, after)
    part = TestedPart(np.arange(N), after, np.zeros(N), after, 0.5, figures, figures)
    predictor = SimpleNamespace(
        card={"thresholds": {endpoint.name: 0.4}},
        predict=lambda smiles, **options: SimpleNamespace(
            values=before[[len(text) - 1 for text in smiles]][:, None].astype(np.float32)
        ),
    )
    table = LabelTable(SMILES, truth[:, None], SMILES)
    return measure_progress(predictor, table, IS_NEW, [Outcome(endpoint, (part,))])[endpoint.name]


def test_a_regression_that_forgets_and_learns():
    truth = 10 ** RNG.normal(0, 1, N)
    noise = RNG.normal(0, 1, N)
    before = truth * 10 ** (noise * np.where(IS_NEW, 1.0, 0.1))
    after = truth * 10 ** (noise[::-1] * np.where(IS_NEW, 0.1, 1.0))
    made = compare(CLEARANCE, truth, before, after)
    old, new = made["old"], made["new"]
    assert (old["n"], new["n"]) == (120, 80)
    assert old["gain"]["figure"] == "log10 MAE"
    assert old["gain"]["high"] < 0 < new["gain"]["low"]
    assert old["gain"]["gain"] == pytest.approx(old["before"]["log10 MAE"] - old["after"]["log10 MAE"], abs=1e-4)
    assert new["gain"]["low"] < new["gain"]["gain"] < new["gain"]["high"]


def test_a_classification_uses_the_threshold_of_each_model():
    truth = (np.arange(N) % 2).astype(float)
    before = np.where(truth > 0.5, 0.45, 0.3)  # called right from 0.4 on, wrong from 0.5 on
    made = compare(CLASS, truth, before, before)
    assert made["old"]["before"]["accuracy"] == 1.0
    assert made["old"]["after"]["accuracy"] == 0.5
    assert made["new"]["gain"] == {"figure": "AUROC", "before": 1.0, "after": 1.0, "gain": 0.0, "low": 0.0, "high": 0.0}


def test_what_one_class_cannot_tell_is_not_told():
    truth = np.where(IS_NEW, 1.0, (np.arange(N) % 2).astype(float))
    made = compare(CLASS, truth, RNG.random(N), RNG.random(N))
    assert made["new"]["gain"] is None
    assert made["old"]["gain"]["low"] < 0 < made["old"]["gain"]["high"]


def test_the_area_is_that_of_the_metric():
    truth, values = RNG.integers(2, size=(5, 40)).astype(float), RNG.integers(6, size=(5, 40)).astype(float)
    expected = [METRICS["AUROC"](*rows) for rows in zip(truth, values, strict=True)]
    np.testing.assert_allclose(_measure_auroc(truth, values), expected)
    assert np.isnan(_measure_auroc(np.ones((1, 4)), values[:1, :4])).all()
