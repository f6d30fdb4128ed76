"""Calibration: intervals cover what they promise, probabilities become frequencies, few labels calibrate nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from moldesign.metrics import compute_auroc, compute_ece
from moldesign.predictors.calibration import (
    MIN_LABELS,
    Calibration,
    ConformalInterval,
    PlattScaling,
    fit_calibration,
    summarize_outputs,
)
from moldesign.predictors.endpoints import Endpoint

NAN = float("nan")
LINEAR = Endpoint("x", "regression", "", "", center=10.0, spread=2.0)
LOGARITHMIC = Endpoint("t", "regression", "h", "", log_scale=True, center=0.5, spread=0.4)
CLASS = Endpoint("c", "classification", "probability", "")


def draw_regression(n, seed, *, noise=0.3):
    """Return labels and the mean and spread of an ensemble: the error is noise and what the spread tells, by half."""
    rng = np.random.default_rng(seed)
    std = rng.gamma(2.0, 0.2, n)
    mean = rng.normal(size=n)
    targets = mean + rng.normal(size=n) * (noise + 0.5 * std)
    return (targets * LINEAR.spread + LINEAR.center)[:, None], mean[:, None], std[:, None]


def make_interval(scores, offset):
    """Return an interval with these scores."""
    errors = np.asarray(scores, dtype=np.float32) * np.float32(offset)
    return ConformalInterval(errors, np.zeros(len(scores), np.float32), offset)


def make_outputs(mean, std):
    """Return outputs of two networks with this mean and spread, float64 [2, N, T]."""
    return np.stack([mean - std, mean + std])


def measure_coverage(labels, summary):
    return ((labels >= summary.low) & (labels <= summary.high)).mean()


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_intervals_cover_what_they_promise(level):
    calibration = fit_calibration([LINEAR], *draw_regression(1_000, seed=0))
    labels, mean, std = draw_regression(4_000, seed=1)
    coverage = measure_coverage(labels, summarize_outputs([LINEAR], make_outputs(mean, std), calibration, level))
    # Both the 1,000 scores and the 4,000 labels are draws: three standard deviations of either.
    assert abs(coverage - level) < 3 * math.sqrt(level * (1 - level) * (1 / 1_000 + 1 / 4_000))


def test_few_scores_cover_on_average():
    coverages = []
    for seed in range(200):
        calibration = fit_calibration([LINEAR], *draw_regression(MIN_LABELS, seed))
        labels, mean, std = draw_regression(200, seed + 1_000)
        coverages.append(measure_coverage(labels, summarize_outputs([LINEAR], make_outputs(mean, std), calibration)))
    # A quantile of 30 scores has a coverage of 0.9 + up to 1/31, give or take 0.053 for each of the 200 draws.
    assert 0.89 < np.mean(coverages) < 0.945


def test_intervals_are_wide_where_the_ensemble_disagrees():
    calibration = fit_calibration([LINEAR], *draw_regression(2_000, seed=0))
    labels, mean, std = draw_regression(6_000, seed=1)
    summary = summarize_outputs([LINEAR], make_outputs(mean, std), calibration)
    doubtful = std[:, 0] > np.quantile(std, 0.8)
    sure = std[:, 0] < np.quantile(std, 0.2)
    for rows in (doubtful, sure):
        covered = (labels[rows] >= summary.low[rows]) & (labels[rows] <= summary.high[rows])
        assert 0.86 < covered.mean() < 0.94
    width = summary.high - summary.low
    assert width[doubtful].mean() > 1.5 * width[sure].mean()


def test_a_spread_that_says_nothing_gives_constant_widths():
    rng = np.random.default_rng(0)
    n = 2_000
    std = rng.gamma(2.0, 0.2, (n, 1))
    labels = LINEAR.center + LINEAR.spread * rng.normal(size=(n, 1))
    calibration = fit_calibration([LINEAR], labels, np.zeros((n, 1)), std)
    summary = summarize_outputs([LINEAR], make_outputs(np.zeros((n, 1)), std), calibration)
    width = summary.high - summary.low
    assert width.max() < 1.2 * width.min()


def test_an_ensemble_of_one_has_constant_widths():
    labels, mean, std = draw_regression(500, seed=0)
    calibration = fit_calibration([LINEAR], labels, mean, np.zeros_like(std))
    summary = summarize_outputs([LINEAR], mean[None], calibration)
    assert measure_coverage(labels, summary) == pytest.approx(0.9, abs=0.005)
    assert np.ptp(summary.high - summary.low) < 1e-4


def test_intervals_follow_the_scale_that_was_learned():
    mean, std = np.zeros((50, 1)), np.full((50, 1), 0.1)
    labels = 10 ** (0.5 + 0.4 * np.linspace(-1, 1, 50))[:, None]
    calibration = fit_calibration([LOGARITHMIC], labels, mean, std)
    summary = summarize_outputs([LOGARITHMIC], make_outputs(mean[:1], std[:1]), calibration)
    low, value, high = summary.low.item(), summary.values.item(), summary.high.item()
    assert 0 < low < value < high
    assert high / 10**0.5 == pytest.approx(10**0.5 / low, rel=1e-4)  # as far up as down, on the log scale
    assert measure_coverage(labels, summary) >= 0.9


def test_labels_below_all_that_was_learned_are_no_smaller_errors():
    learned = replace(LOGARITHMIC, center=2.0, spread=1.0, floor=10.0)
    labels = np.full((MIN_LABELS, 1), 0.1)
    calibration = fit_calibration([learned], labels, np.ones_like(labels), np.zeros_like(labels))
    np.testing.assert_allclose(calibration.parts["t"].errors, 4.0)  # 1,000 was said


def test_an_interval_holds_its_value():
    calibration = Calibration({"t": make_interval(np.full(40, 1e-3), offset=1e-3)})
    outputs = make_outputs(np.zeros((1, 1)), np.full((1, 1), 2.0))  # the mean in hours lies far above that of the logs
    summary = summarize_outputs([LOGARITHMIC], outputs, calibration)
    assert summary.low < 10**0.5 < summary.values == summary.high


@pytest.mark.parametrize(("level", "rank"), [(0.5, 20), (0.9, 36), (0.97, 39)])
def test_the_quantile_is_that_of_a_finite_sample(level, rank):
    interval = make_interval(np.arange(1, 40), offset=0.5)
    assert interval.find_factor(level) == rank  # of 39 scores, the ceil(40 * level)-th
    low, high = interval.bound(np.array([1.0]), np.array([0.5]), level)
    assert (low.item(), high.item()) == (1.0 - rank, 1.0 + rank)


def test_a_level_beyond_the_scores_has_no_ends():
    interval = make_interval(np.arange(1, 40), offset=0.5)
    assert interval.find_factor(0.99) == math.inf
    summary = summarize_outputs([LOGARITHMIC], np.zeros((2, 1, 1), np.float32), Calibration({"t": interval}), 0.99)
    assert (summary.low.item(), summary.high.item()) == (0.0, math.inf)


@pytest.mark.parametrize("level", [0.0, 1.0, 90.0])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(ValueError, match="lies between 0 and 1"):
        make_interval(np.ones(40), offset=0.5).find_factor(level)


def draw_classes(n, seed):
    """Return classes and logits that are three times too sure and shifted."""
    rng = np.random.default_rng(seed)
    true_logits = rng.normal(0, 1.5, n)
    labels = (rng.random(n) < expit(true_logits)).astype(np.float64)
    return labels[:, None], (3 * true_logits + 1)[:, None]


def test_platt_scaling_makes_probabilities_frequencies():
    labels, logits = draw_classes(400, seed=0)
    calibration = fit_calibration([CLASS], labels, logits, np.zeros_like(logits))
    part = calibration.parts["c"]
    assert isinstance(part, PlattScaling)
    assert (part.slope, part.intercept) == (pytest.approx(1 / 3, abs=0.08), pytest.approx(-1 / 3, abs=0.25))
    labels, logits = draw_classes(4_000, seed=1)
    values = summarize_outputs([CLASS], logits[None].astype(np.float32), calibration).values[:, 0]
    before = expit(logits[:, 0])
    assert compute_ece(labels[:, 0], before) > 0.1
    assert compute_ece(labels[:, 0], values) < 0.03
    assert compute_auroc(labels[:, 0], values) == pytest.approx(compute_auroc(labels[:, 0], before), abs=1e-4)


def test_the_spread_of_a_class_is_that_of_calibrated_probabilities():
    calibration = Calibration({"c": PlattScaling(slope=0.5, intercept=0.1, n=100)})
    outputs = np.array([[[1.0]], [[3.0]]], dtype=np.float32)
    summary = summarize_outputs([CLASS], outputs, calibration)
    assert summary.values.item() == pytest.approx(expit(0.5 * 2 + 0.1), rel=1e-5)
    assert summary.std.item() == pytest.approx(np.std([expit(0.6), expit(1.6)]), rel=1e-5)
    assert np.isnan([summary.low, summary.high]).all()


def test_what_is_not_calibrated_passes_through():
    endpoints = [LINEAR, CLASS]
    outputs = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    summary = summarize_outputs(endpoints, outputs, Calibration())
    members = np.stack([10 + 2 * outputs[:, :, 0], expit(outputs[:, :, 1])], axis=2)
    np.testing.assert_allclose(summary.values, members.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(summary.std, members.std(axis=0), rtol=1e-4)
    assert np.isnan([summary.low, summary.high]).all()
    assert all(part.dtype == np.float32 for part in summary)


@pytest.mark.parametrize(
    ("endpoint", "labels", "logits", "reason"),
    [
        (LINEAR, np.ones(MIN_LABELS - 1), np.ones(MIN_LABELS - 1), "29 held-out labels; at least 30 are needed"),
        (CLASS, np.ones(29), np.ones(29), "29 held-out labels; at least 30 are needed"),
        (CLASS, np.ones(40), np.ones(40), "40 of 40 held-out labels are positive; at least 5 of each class"),
        (CLASS, np.arange(40) % 2, -(np.arange(40) % 2.0), "40 held-out classes do not follow the order"),
    ],
    ids=["few_values", "few_classes", "one_class", "wrong_order"],
)
def test_what_cannot_be_calibrated_says_why(caplog, endpoint, labels, logits, reason):
    calibration = fit_calibration([endpoint], labels[:, None], logits[:, None], np.zeros((len(labels), 1)))
    assert not calibration.parts
    assert reason in calibration.skipped[endpoint.name]
    assert f"{endpoint.name} is not calibrated: " in caplog.text
    assert not calibration.has_interval(endpoint)


def test_rows_without_label_or_prediction_do_not_count():
    labels, mean, std = draw_regression(100, seed=0)
    whole = fit_calibration([LINEAR], labels[:60], mean[:60], std[:60])
    holes = labels.copy(), mean.copy(), std
    holes[0][60:80], holes[1][80:] = NAN, NAN
    again = fit_calibration([LINEAR], *holes)
    np.testing.assert_array_equal(whole.parts["x"].scores, again.parts["x"].scores)


def test_a_newer_calibration_replaces_only_what_it_has():
    old = Calibration({"x": PlattScaling(1, 0, 1), "y": PlattScaling(2, 0, 2)}, {"z": "too few"})
    new = Calibration({"y": PlattScaling(3, 0, 3), "z": PlattScaling(4, 0, 4)}, {"x": "too few", "w": "too few"})
    both = old | new
    assert {name: part.n for name, part in both.parts.items()} == {"x": 1, "y": 3, "z": 4}
    assert both.skipped == {"w": "too few"}


def test_card_and_tensors_hold_the_whole_calibration():
    interval = ConformalInterval(np.array([1.5, 0.5], np.float32), np.array([0.1, 0.2], np.float32), 0.25)
    calibration = Calibration({"x": interval, "c": PlattScaling(0.5, -1.0, 77)}, {"t": "3 held-out labels"})
    again = Calibration.from_model(calibration.to_card(), calibration.to_tensors())
    np.testing.assert_array_equal(again.parts["x"].scores, interval.scores)
    np.testing.assert_array_equal(again.parts["x"].scores, interval.scores)
    assert interval.scores.tolist() == pytest.approx([0.5 / 0.45, 1.5 / 0.35])
    assert again.parts["c"] == calibration.parts["c"]
    assert again.skipped == calibration.skipped
    assert Calibration.from_model({}, {}) == Calibration()


def test_an_unknown_method_is_refused():
    with pytest.raises(KeyError, match="unknown calibration 'magic' of x"):
        Calibration.from_model({"x": {"method": "magic"}}, {})
