"""Figures of one target, the threshold of a class, and the verdict on model and baseline."""

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.evaluation import average_folds, choose_threshold, judge, measure_target

ACTIVE = Endpoint("active", "classification", "probability", "")
LOGD = Endpoint("logd", "regression", "", "")
IC50 = Endpoint("ic50", "regression", "nM", "", log_scale=True, floor=1.0)


def test_a_classification_has_figures_of_order_and_of_decision():
    figures = measure_target(ACTIVE, [0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9], threshold=0.35)
    assert figures == {
        **{"AUROC": 0.75, "AUPRC": round((1 + 2 / 3) / 2, 4), "accuracy": 0.5, "precision": 0.5, "recall": 0.5},
        **{"specificity": 0.5, "F1": 0.5, "MCC": 0.0, "n": 4},
    }


def test_figures_that_are_not_defined_are_left_out():
    assert measure_target(ACTIVE, [1, 1], [0.9, 0.8]) == {
        **{"AUPRC": 1.0, "accuracy": 1.0, "precision": 1.0, "recall": 1.0, "F1": 1.0, "n": 2}
    }
    assert measure_target(LOGD, [], []) == {"n": 0}


def test_the_threshold_is_where_the_correlation_is_highest():
    rng = np.random.default_rng(0)
    truth = rng.random(60) < 0.2
    probability = np.round(0.1 + 0.2 * truth + rng.normal(0, 0.1, 60), 2).clip(0, 1)
    chosen = choose_threshold(truth, probability)
    best = max(matthews_corrcoef(truth, probability >= cut) for cut in np.arange(0.005, 1, 0.01))
    assert matthews_corrcoef(truth, probability >= chosen) == pytest.approx(best)
    assert chosen < 0.5


@pytest.mark.parametrize("probability", [[0.3] * 12, [0.1] * 12])
def test_probabilities_that_do_not_differ_are_cut_in_the_middle(probability):
    assert choose_threshold([0, 1] * 6, probability) == 0.5


def test_a_handful_of_molecules_decides_nothing():
    assert choose_threshold([0] * 8 + [1] * 4, np.linspace(0, 0.2, 12)) == 0.5


def test_values_over_decades_have_the_figures_of_their_logarithms():
    figures = measure_target(IC50, [1.0, 10.0, 1000.0, 0.0], [10.0, 10.0, 1000.0, 1.0])
    assert figures["MAE"] == 2.5
    assert figures["log10 MAE"] == 0.25
    assert figures["log10 RMSE"] == 0.5
    assert figures["log10 R2"] == pytest.approx(1 - 1 / 6, abs=1e-4)


@pytest.mark.parametrize(
    ("endpoint", "model", "baseline", "better"),
    [
        (LOGD, {"MAE": 0.5}, {"MAE": 0.4}, True),
        (LOGD, {"MAE": 0.4}, {"MAE": 0.5}, False),
        (IC50, {"MAE": 9.0, "log10 MAE": 0.4}, {"MAE": 8.0, "log10 MAE": 0.5}, False),
        (ACTIVE, {"AUROC": 0.8}, {"AUROC": 0.9}, True),
        (ACTIVE, {"AUROC": 0.9}, {"AUROC": 0.8}, False),
        (ACTIVE, {"AUROC": 0.9}, {"AUROC": 0.9}, False),
    ],
)
def test_the_verdict_says_when_the_baseline_is_better(endpoint, model, baseline, better):
    assert judge(endpoint, model, baseline).baseline_is_better is better


def test_there_is_no_verdict_without_the_figure():
    assert judge(ACTIVE, {"AUPRC": 1.0}, {"AUROC": 0.5}) is None


def test_folds_are_averaged_over_those_that_have_the_figure():
    mean, spread = average_folds([{"AUROC": 0.5, "n": 3}, {"AUROC": 0.7, "MCC": 0.1, "n": 4}])
    assert mean == {"AUROC": 0.6, "MCC": 0.1, "n": 7}
    assert spread == {"AUROC": round(0.2 / 2**0.5, 4)}
    assert average_folds([{"MAE": 1.5, "n": 3}]) == ({"MAE": 1.5, "n": 3}, {})
