"""What the bundled predictor's error bars rest on: errors of unseen predictions, in the unit of a network's outputs."""

import numpy as np

from moldesign.predictors.endpoints import Endpoint
from scripts.teacher.bundle import expect_held_out, measure_errors, to_outputs

CLASS = Endpoint("blocks", "classification", "probability", "")
HOURS = Endpoint("hours", "regression", "h", "", log_scale=True, center=1.0, spread=0.5)
ENDPOINTS = [CLASS, HOURS]


def test_values_and_outputs_are_the_same_thing():
    values = np.array([[0.9, 10.0], [0.2, 1000.0], [np.nan, np.nan]])
    outputs = to_outputs(values, ENDPOINTS)
    again = np.column_stack([one.to_values(outputs[:, t]) for t, one in enumerate(ENDPOINTS)])
    np.testing.assert_allclose(again, values, rtol=1e-5)
    assert np.isfinite(to_outputs(np.array([[1.0, 1.0], [0.0, 1.0]]), ENDPOINTS)).all()


def test_errors_are_probabilities_of_classes_and_outputs_of_regressions():
    outputs = to_outputs(np.array([[0.9, 10.0], [0.9, 10.0]]), ENDPOINTS)
    labels = np.array([[1.0, 100.0], [0.0, np.nan]])
    errors = measure_errors(outputs, labels, ENDPOINTS)
    np.testing.assert_allclose(errors, [[0.1, 2.0], [0.9, np.nan]], rtol=1e-5)  # a decade is two spreads


def test_no_molecule_tells_its_own_error():
    rng = np.random.default_rng(0)
    outputs, states = rng.normal(size=(400, 2)), rng.normal(size=(400, 20)).astype(np.float32)
    errors = np.abs(rng.normal(size=(400, 2)))
    expected = expect_held_out(outputs, states, errors)
    assert np.isfinite(expected).all()
    changed = errors.copy()
    changed[7] *= 50
    moved = np.abs(expect_held_out(outputs, states, changed) - expected).max(axis=1)
    assert moved[7] == 0
    assert moved.max() > 0
