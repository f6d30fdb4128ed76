"""Figures of merit against numbers worked out by hand."""

import math

import numpy as np
import pytest
from rdkit.ML.Scoring import Scoring

from moldesign.metrics import (
    DECISION_METRICS,
    LOWER_IS_BETTER,
    METRICS,
    compute_auprc,
    compute_auroc,
    compute_bedroc,
    compute_ece,
    compute_enrichment,
    compute_f1,
    compute_mae,
    compute_mcc,
    compute_precision,
    compute_r2,
    compute_recall,
    compute_rmse,
    compute_spearman,
    compute_specificity,
)


def test_mean_absolute_error():
    assert compute_mae([1.0, 2.0, 3.0], [1.0, 4.0, 0.0]) == pytest.approx(5 / 3)


def test_root_mean_squared_error():
    assert compute_rmse([1.0, 2.0, 3.0], [1.0, 4.0, 0.0]) == pytest.approx((13 / 3) ** 0.5)


def test_explained_variance():
    # squared errors 1 + 0 + 1, squared deviations from the mean 4 + 0 + 4
    assert compute_r2([1.0, 3.0, 5.0], [2.0, 3.0, 4.0]) == pytest.approx(1 - 2 / 8)


def test_decisions_by_hand():
    truth, decision = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
    measured = {name: metric(truth, decision) for name, metric in DECISION_METRICS.items()}
    expected = {"accuracy": 0.7, "precision": 3 / 5, "recall": 3 / 4, "specificity": 4 / 6, "F1": 6 / 9}
    assert measured == pytest.approx(expected | {"MCC": (3 * 4 - 2 * 1) / (5 * 4 * 6 * 5) ** 0.5})


def test_spearman_is_of_ranks():
    assert compute_spearman([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1)
    assert compute_spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert compute_spearman([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)  # 1 - 6 * 2 / (3 * 8)


def test_auroc_counts_pairs_in_the_right_order():
    assert compute_auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == pytest.approx(3 / 4)
    assert compute_auroc([0, 1], [0.5, 0.5]) == pytest.approx(0.5)


def test_auprc_averages_the_precision_at_each_positive():
    assert compute_auprc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == pytest.approx((1 + 2 / 3) / 2)


def test_calibration_error_is_the_mean_gap_of_the_bins():
    truth, probability = [1, 0, 1, 1, 0, 1], [0.05, 0.08, 0.62, 0.68, 0.6, 1.0]
    # |1 - 0.13|, |2 - 1.9| and |1 - 1| of the bins with two, three and one molecules
    assert compute_ece(truth, probability) == pytest.approx((0.87 + 0.1 + 0) / 6)
    assert compute_ece(truth, probability, n_bins=1) == pytest.approx(abs(4 - sum(probability)) / 6)


@pytest.mark.parametrize("metric", (METRICS | DECISION_METRICS).values(), ids=METRICS | DECISION_METRICS)
def test_nothing_measured_gives_nan(metric):
    assert math.isnan(metric([], []))


@pytest.mark.parametrize(
    ("metric", "truth", "prediction"),
    [
        (compute_spearman, [1, 1, 1], [1, 2, 3]),
        (compute_spearman, [1, 2, 3], [1, 1, 1]),
        (compute_auroc, [1, 1], [0.2, 0.3]),
        (compute_auroc, [0, 0], [0.2, 0.3]),
        (compute_auprc, [0, 0], [0.2, 0.3]),
        (compute_r2, [1, 1], [0.2, 0.3]),
        (compute_precision, [0, 1], [0, 0]),
        (compute_recall, [0, 0], [0, 1]),
        (compute_specificity, [1, 1], [0, 1]),
        (compute_f1, [0, 0], [0, 1]),
        (compute_mcc, [0, 1], [1, 1]),
        (compute_mcc, [1, 1], [0, 1]),
    ],
)
def test_undefined_gives_nan(metric, truth, prediction):
    assert math.isnan(metric(truth, prediction))


def test_positives_that_are_never_called_score_nothing():
    assert compute_f1([0, 1], [0, 0]) == compute_recall([0, 1], [0, 0]) == 0


@pytest.mark.parametrize("name", METRICS)
def test_better_predictions_have_better_figures(name):
    truth, good, poor = [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.6, 0.1, 0.7, 0.2]
    better, worse = METRICS[name](truth, good), METRICS[name](truth, poor)
    assert better < worse if name in LOWER_IS_BETTER else better > worse


@pytest.mark.parametrize("fraction", [0.005, 0.01, 0.05, 0.123])
@pytest.mark.parametrize("n", [40, 997])
def test_enrichment_equals_rdkit(fraction, n):
    rng = np.random.default_rng(n)
    truth, score = rng.random(n) < 0.1, rng.permutation(n)
    rows = [[is_active] for is_active in truth[np.argsort(-score)]]
    [expected] = Scoring.CalcEnrichment(rows, 0, [fraction])
    assert compute_enrichment(truth, score, fraction) == pytest.approx(expected)


@pytest.mark.parametrize("alpha", [20.0, 80.5])
@pytest.mark.parametrize("n", [40, 997])
def test_bedroc_equals_rdkit(alpha, n):
    rng = np.random.default_rng(n)
    truth, score = rng.random(n) < 0.1, rng.permutation(n)
    rows = [[is_active] for is_active in truth[np.argsort(-score)]]
    assert compute_bedroc(truth, score, alpha) == pytest.approx(Scoring.CalcBEDROC(rows, 0, alpha))


def test_ties_count_as_the_mean_over_their_orders():
    rng = np.random.default_rng(0)
    truth, score = rng.random(60) < 0.2, rng.integers(0, 5, size=60).astype(float)
    orders = [score + 1e-6 * rng.random(60) for _ in range(500)]
    for measure in (lambda s: compute_enrichment(truth, s, 0.1), lambda s: compute_bedroc(truth, s)):
        assert measure(score) == pytest.approx(np.mean([measure(order) for order in orders]), rel=0.1)


def test_the_order_of_the_input_decides_nothing():
    truth, score = np.array([1, 0, 0, 0, 1, 0, 0, 0, 0, 0]), np.zeros(10)
    assert compute_enrichment(truth, score, 0.1) == pytest.approx(1)
    assert compute_bedroc(truth, score) == pytest.approx(compute_bedroc(truth[::-1], score))


def test_early_recognition_without_a_class_is_undefined():
    assert math.isnan(compute_enrichment([0, 0], [1, 2], 0.5))
    assert math.isnan(compute_bedroc([0, 0], [1, 2]))
    assert math.isnan(compute_bedroc([1, 1], [1, 2]))


def test_early_recognition_refuses_what_has_no_meaning():
    with pytest.raises(ValueError, match="NaN"):
        compute_bedroc([0, 1], [math.nan, 1])
    with pytest.raises(ValueError, match="fraction"):
        compute_enrichment([0, 1], [0, 1], 0)
    with pytest.raises(ValueError, match="alpha"):
        compute_bedroc([0, 1], [0, 1], 0)
