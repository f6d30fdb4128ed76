"""Metrics of many resamples at once: equal to the plain metric on the drawn molecules written out."""

import math

import numpy as np
import pytest

from benchmarks.accuracy.bootstrap import WEIGHTED_METRICS, compare, draw_resamples, measure_resamples
from moldesign.metrics import METRICS

RNG = np.random.default_rng(0)
TRUTH = {"value": RNG.normal(size=40).round(1), "class": (RNG.random(40) < 0.3).astype(float)}
KIND = {"MAE": "value", "RMSE": "value", "Spearman": "value", "AUROC": "class", "AUPRC": "class"}


@pytest.mark.parametrize("metric", WEIGHTED_METRICS)
@pytest.mark.parametrize("n_digits", [1, 8])  # with one digit many predictions are equal
def test_resamples_equal_the_drawn_molecules_written_out(metric, n_digits):
    truth = TRUTH[KIND[metric]]
    prediction = (truth + RNG.normal(size=40)).round(n_digits)
    weights = draw_resamples(40, 25, seed=1)
    figures = WEIGHTED_METRICS[metric](truth, prediction, weights)
    for drawn, figure in zip(weights.astype(int), figures, strict=True):
        rows = np.repeat(np.arange(40), drawn)
        assert figure == pytest.approx(METRICS[metric](truth[rows], prediction[rows]), nan_ok=True)


@pytest.mark.parametrize("metric", ["AUROC", "AUPRC", "Spearman"])
def test_undefined_resamples_are_nan(metric):
    only_the_first_two = np.array([[3.0, 2.0, 0.0]])
    [figure] = WEIGHTED_METRICS[metric](np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.3]), only_the_first_two)
    assert math.isnan(figure)


def test_resamples_are_drawn_with_replacement_and_repeat_with_the_seed():
    weights = draw_resamples(30, 200, seed=0)
    assert (weights.sum(axis=1) == 30).all()
    assert (weights == 0).mean() == pytest.approx(math.exp(-1), abs=0.02)
    np.testing.assert_array_equal(weights, draw_resamples(30, 200, seed=0))
    assert (weights != draw_resamples(30, 200, seed=1)).any()


def test_runs_and_targets_are_averaged():
    labels = np.array([[0.0, 1.0], [2.0, np.nan], [4.0, 3.0]])
    runs = [labels + 1, labels + 3]
    figures = measure_resamples("MAE", labels, [np.nan_to_num(run) for run in runs], np.ones((2, 3)))
    np.testing.assert_allclose(figures, [2, 2])


def test_a_target_without_both_classes_does_not_count():
    labels = np.array([[0.0, 0.0], [1.0, 0.0]])
    runs = [np.array([[0.1, 0.5], [0.9, 0.6]])]
    np.testing.assert_array_equal(measure_resamples("AUROC", labels, runs, np.ones((1, 2))), [1.0])


@pytest.mark.parametrize(("metric", "sign"), [("AUROC", 1), ("MAE", -1)])
def test_gain_is_positive_where_ours_is_better(metric, sign):
    theirs = np.linspace(0.4, 0.6, 101)
    gain = compare(metric, (0.5 + sign * 0.1, theirs + sign * 0.1), (0.5, theirs))
    assert gain == pytest.approx((0.1, 0.1, 0.1))


def test_interval_covers_95_percent_and_passes_over_nan():
    gains = np.append(np.linspace(0, 1, 1001), np.nan)
    assert compare("AUROC", (0.5, gains), (0.0, np.zeros(1002))) == pytest.approx((0.5, 0.025, 0.975))
