"""Weights: a simplex, better than equal ones where there are many molecules, near equal ones where there are few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.metrics import LOWER_IS_BETTER, METRICS
from scripts.teacher.stack import blend, choose_scale, fit_weights, from_scale, to_scale

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=400)
VALUES = {
    "good": TRUTH + 0.3 * RNG.normal(size=400),
    "fair": TRUTH + RNG.normal(size=400),
    "noise": RNG.normal(size=400),
}
IS_HIGH = (TRUTH > 0).astype(float)
PROBABILITIES = {name: 1 / (1 + np.exp(-values)) for name, values in VALUES.items()}

CASES = [
    ("MAE", "linear", VALUES, TRUTH),
    ("RMSE", "linear", VALUES, TRUTH),
    ("Spearman", "log10", {name: 10**values for name, values in VALUES.items()}, 10**TRUTH),
    ("AUROC", "logit", PROBABILITIES, IS_HIGH),
    ("AUPRC", "logit", PROBABILITIES, IS_HIGH),
]


@pytest.mark.parametrize(("metric", "scale", "models", "labels"), CASES, ids=[case[0] for case in CASES])
def test_fitted_weights_beat_equal_ones_and_shun_noise(metric, scale, models, labels):
    weights = fit_weights(models, labels, metric, scale, shrinkage=0)
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= 0
    assert weights["good"] > weights["fair"] > weights["noise"] - 1e-9
    fitted = METRICS[metric](labels, blend(models, weights, scale))
    equal = METRICS[metric](labels, blend(models, dict.fromkeys(models, 1 / 3), scale))
    assert fitted < equal if metric in LOWER_IS_BETTER else fitted > equal


def test_shrinkage_draws_small_sets_towards_equal_weights():
    free, held = (fit_weights(VALUES, TRUTH, "MAE", "linear", shrinkage=shrinkage) for shrinkage in (0, 400))
    for name in VALUES:
        assert held[name] == pytest.approx((free[name] + 1 / 3) / 2)  # 400 molecules against 400


def test_rows_without_label_or_prediction_do_not_count():
    labels, models = TRUTH.copy(), {name: values.copy() for name, values in VALUES.items()}
    labels[:200] = np.nan
    models["good"][200:300] = np.nan
    expected = fit_weights({name: values[300:] for name, values in VALUES.items()}, TRUTH[300:], "MAE", "linear")
    assert fit_weights(models, labels, "MAE", "linear") == expected


def test_one_class_gives_equal_weights():
    assert fit_weights(PROBABILITIES, np.ones(400), "AUROC", "logit") == pytest.approx(dict.fromkeys(VALUES, 1 / 3))


@pytest.mark.parametrize(
    ("models", "labels", "message"),
    [({}, TRUTH, "no model"), (VALUES, np.full(400, np.nan), "no molecule has a label and predictions of all of good")],
)
def test_nothing_to_fit_is_refused(models, labels, message):
    with pytest.raises(ValueError, match=message):
        fit_weights(models, labels, "MAE", "linear")


def test_blend_needs_every_weighted_model():
    with pytest.raises(ValueError, match="no predictions of gnn"):
        blend(VALUES, {"good": 0.5, "gnn": 0.5}, "linear")


def test_blend_averages_on_the_scale():
    pair = {"a": np.array([1.0]), "b": np.array([100.0])}
    assert blend(pair, {"a": 0.5, "b": 0.5}, "log10") == pytest.approx([10])
    assert blend(pair, {"a": 0.5, "b": 0.5}, "linear") == pytest.approx([50.5])
    sure = {"a": np.array([1.0]), "b": np.array([0.5])}
    assert 0.9 < blend(sure, {"a": 0.5, "b": 0.5}, "logit")[0] < 1


def test_a_missing_prediction_of_a_weighted_model_is_nan():
    models = {"a": np.array([np.nan, 1.0]), "b": np.array([2.0, 3.0])}
    np.testing.assert_array_equal(blend(models, {"a": 0.5, "b": 0.5}, "linear"), [np.nan, 2.0])
    np.testing.assert_array_equal(blend(models, {"a": 0.0, "b": 1.0}, "linear"), [2.0, 3.0])


@given(st.floats(0.001, 0.999), st.sampled_from(["logit", "log10", "linear"]))
def test_scales_are_undone(value, scale):
    assert from_scale(to_scale(np.array([value]), scale), scale) == pytest.approx([value])


def test_scale_follows_the_task():
    kinds = [("classification", False), ("regression", True), ("regression", False)]
    assert [choose_scale(kind, log_scale=log) for kind, log in kinds] == ["logit", "log10", "linear"]
