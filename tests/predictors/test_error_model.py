"""The error model learns which molecules are predicted badly, in the unit of the outputs; a model folder keeps it."""

import numpy as np
import pytest

from moldesign.metrics import compute_spearman
from moldesign.predictors.error_model import MIN_ERRORS, ErrorModel, fit_error_model


def draw(n, seed=0):
    """Molecules whose errors grow along one direction of their states; those of a second endpoint do not."""
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(n, 24)).astype(np.float32)
    states[:, 0] *= 3
    scale = np.column_stack([0.2 * np.exp(0.4 * states[:, 0]), np.full(n, 0.5)])
    outputs = rng.normal(size=(n, 2))
    return outputs, states, np.abs(scale * rng.normal(size=(n, 2))), scale


def test_learns_where_errors_are_large():
    model = fit_error_model(*draw(2_000)[:3])
    outputs, states, errors, scale = draw(1_000, seed=1)
    expected = model.expect(outputs, states)
    assert compute_spearman(scale[:, 0], expected[:, 0]) > 0.95
    assert compute_spearman(errors[:, 0], expected[:, 0]) > 0.5
    spread = expected[:, 1].std() / expected[:, 1].mean()
    assert spread < 0.15


def test_is_the_root_mean_square_of_the_errors():
    outputs, states, errors, _ = draw(2_000)
    expected = fit_error_model(outputs, states, errors).expect(outputs, states)
    np.testing.assert_allclose((expected**2).mean(axis=0), (errors**2).mean(axis=0), rtol=1e-3)


def test_few_errors_give_one_for_all():
    outputs, states, errors, _ = draw(MIN_ERRORS - 1)
    expected = fit_error_model(outputs, states, errors).expect(outputs, states)
    np.testing.assert_allclose(expected, np.broadcast_to(np.sqrt((errors**2).mean(axis=0)), errors.shape), rtol=1e-4)


def test_unknown_errors_and_missing_outputs_are_left_out():
    outputs, states, errors, _ = draw(600)
    holes, gaps = errors.copy(), outputs.copy()
    holes[500:550, 0], gaps[550:, 0] = np.nan, np.nan
    again = fit_error_model(gaps, states, holes)
    directions = fit_error_model(outputs, states, errors)
    alone = fit_error_model(outputs[:500], states[:500], errors[:500])
    np.testing.assert_array_equal(again.projection, directions.projection)
    assert np.isfinite(again.weights).all()
    np.testing.assert_array_equal(again.weights[1], directions.weights[1])
    np.testing.assert_allclose(again.expect(outputs, states)[:, 0], alone.expect(outputs, states)[:, 0], rtol=0.3)


def test_extreme_outputs_do_not_explode():
    outputs, states, errors, _ = draw(500)
    model = fit_error_model(outputs, states, errors)
    np.testing.assert_array_equal(
        model.expect(np.full((1, 2), 1e6), states[:1]), model.expect(np.full((1, 2), 6.0), states[:1])
    )


def test_molecules_far_from_all_others_have_a_finite_error():
    outputs, states, errors, _ = draw(500)
    far = np.full((1, states.shape[1]), 1e4, dtype=np.float32)
    assert np.isfinite(fit_error_model(outputs, states, errors).expect(outputs[:1], far)).all()


def test_an_endpoint_without_errors_is_refused():
    outputs, states, errors, _ = draw(200)
    errors[:, 1] = np.nan
    with pytest.raises(ValueError, match="no known error"):
        fit_error_model(outputs, states, errors)


def test_spread_of_a_probability_is_the_slope_times_that_of_the_logit():
    outputs, states, errors, _ = draw(500)
    model = fit_error_model(outputs, states, errors)
    before = model.expect(outputs, states)
    after = model.with_probability_spread(np.array([np.nan, 0.8])).expect(outputs, states)
    np.testing.assert_array_equal(after[:, 0], before[:, 0])
    np.testing.assert_allclose(after[:, 1], before[:, 1] ** 2 * 0.8, rtol=1e-4)


def test_tensors_and_back():
    outputs, states, errors, _ = draw(300)
    model = fit_error_model(outputs, states, errors)
    again = ErrorModel.from_tensors(model.to_tensors())
    np.testing.assert_array_equal(again.expect(outputs, states), model.expect(outputs, states))
    assert ErrorModel.from_tensors({}) is None
