"""Figures of merit against numbers worked out by hand."""

import math

import pytest

from moldesign.metrics import LOWER_IS_BETTER, METRICS, compute_auprc, compute_auroc, compute_mae, compute_spearman


def test_mean_absolute_error():
    assert compute_mae([1.0, 2.0, 3.0], [1.0, 4.0, 0.0]) == pytest.approx(5 / 3)


def test_spearman_is_of_ranks():
    assert compute_spearman([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1)
    assert compute_spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert compute_spearman([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)  # 1 - 6 * 2 / (3 * 8)


def test_auroc_counts_pairs_in_the_right_order():
    assert compute_auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == pytest.approx(3 / 4)
    assert compute_auroc([0, 1], [0.5, 0.5]) == pytest.approx(0.5)


def test_auprc_averages_the_precision_at_each_positive():
    assert compute_auprc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
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
    ],
)
def test_undefined_gives_nan(metric, truth, prediction):
    assert math.isnan(metric(truth, prediction))


@pytest.mark.parametrize("name", METRICS)
def test_better_predictions_have_better_figures(name):
    truth, good, poor = [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.6, 0.1, 0.7, 0.2]
    better, worse = METRICS[name](truth, good), METRICS[name](truth, poor)
    assert better < worse if name in LOWER_IS_BETTER else better > worse
