"""The latent distance: small amid the training molecules, large for what the network has never seen."""

import numpy as np
import pytest

from moldesign.graphs import featurize_smiles
from moldesign.predictors import latent as latent_module
from moldesign.predictors.latent import LatentSpace, apply_with_states, fit_latent_space
from moldesign.predictors.training import apply_network
from tests.conftest import NAMED_DRUGS
from tests.predictors.tiny_predictor import make_network

ALL = np.ones((200, 1), dtype=bool)


def draw_states(n=200, d=40, seed=0):
    """Return states that vary in a few directions, each at its own scale."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(6, d)) * np.logspace(0, 1, 6)[:, None]
    return (rng.normal(size=(n, 6)) @ mixing + 3).astype(np.float32)


def fit(states, has_label=ALL):
    return fit_latent_space(states, has_label, rng=np.random.default_rng(0))


def find_distances(queries, references, n_left_out=0):
    """Return the distance to the fifth nearest reference, by the definition."""
    apart = np.linalg.norm(queries[:, None] - references[None], axis=2)
    return np.sort(apart, axis=1)[:, min(5 + n_left_out, len(references)) - 1]


def project(space, states):
    return (states - space.center) @ space.projection


def test_states_and_outputs_are_those_of_the_network():
    network, graphs = make_network(), featurize_smiles(list(NAMED_DRUGS.values())).graphs
    outputs, states = apply_with_states(network, graphs)
    np.testing.assert_allclose(outputs, apply_network(network, graphs), rtol=1e-5)
    assert states.shape == (len(NAMED_DRUGS), 3 * network.settings.hidden_size)
    nothing = apply_with_states(network, graphs.select(np.arange(0)))
    assert (nothing.outputs.shape, nothing.states.shape) == ((0, 2), (0, states.shape[1]))


def test_batches_change_nothing(monkeypatch):
    network, graphs = make_network(), featurize_smiles(list(NAMED_DRUGS.values())).graphs
    whole = apply_with_states(network, graphs)
    monkeypatch.setattr(latent_module, "_BATCH", 5)
    pieces = apply_with_states(network, graphs)
    np.testing.assert_allclose(whole.outputs, pieces.outputs, rtol=1e-5)
    np.testing.assert_allclose(whole.states, pieces.states, rtol=1e-5)


def test_the_space_holds_the_directions_in_which_the_training_set_varies():
    states = draw_states()
    projected = project(fit(states), states)
    variance = np.cov(projected.T, bias=True)
    assert projected.shape[1] == latent_module.N_DIMENSIONS
    assert variance[0, 0] == pytest.approx(1, rel=1e-3)
    assert (np.diff(np.diag(variance)) <= 1e-6).all()
    np.testing.assert_allclose(variance - np.diag(np.diag(variance)), 0, atol=1e-3)
    # Six of the directions hold all of the variance: every distance is kept, but for the unit.
    ratio = np.linalg.norm(projected[1:] - projected[0], axis=1) / np.linalg.norm(states[1:] - states[0], axis=1)
    assert np.ptp(ratio) < 1e-3 * ratio.mean()


def test_the_distance_is_that_to_the_fifth_nearest_over_the_edge_of_the_training_set():
    states, others = draw_states(), draw_states(50, seed=1)
    space = fit(states)
    references = space.references.astype(np.float32)
    edge = np.percentile(find_distances(references, references, n_left_out=1), 95)
    expected = find_distances(project(space, others), references) / edge
    np.testing.assert_allclose(space.measure(others)[:, 0], expected, rtol=1e-3)


def test_training_molecules_are_near_and_nonsense_is_far():
    states = draw_states()
    space = fit(states)
    distance = space.measure(states)[:, 0]
    assert (distance <= 1).mean() > 0.95
    new = space.measure(draw_states(seed=1))[:, 0]
    assert 0.85 < (new <= 1).mean() <= 1
    assert space.measure(draw_states(seed=1) + 1_000).min() > 3


def test_each_endpoint_has_its_own_neighbours():
    states = np.concatenate([draw_states(100), draw_states(100, seed=1) + 60])
    has_label = np.zeros((200, 2), dtype=bool)
    has_label[:100, 0], has_label[100:, 1] = True, True
    distance = fit(states, has_label).measure(states)
    assert (distance[:100, 0] < distance[:100, 1]).mean() > 0.9
    assert (distance[100:, 1] < distance[100:, 0]).mean() > 0.9


def test_of_many_labels_some_are_kept(monkeypatch):
    monkeypatch.setattr(latent_module, "N_REFERENCES", 30)
    has_label = np.zeros((200, 2), dtype=bool)
    has_label[:, 0], has_label[:10, 1] = True, True
    space = fit(draw_states(), has_label)
    assert space.is_reference.sum(axis=0).tolist() == [30, 10]
    assert len(space.references) <= 40
    assert space.is_reference.any(axis=1).all()


def test_blocks_change_nothing(monkeypatch):
    space, others = fit(draw_states()), draw_states(50, seed=1)
    whole = space.measure(others)
    monkeypatch.setattr(latent_module, "_BLOCK", 7)
    np.testing.assert_allclose(space.measure(others), whole, rtol=1e-5)


@pytest.mark.parametrize("n_labels", [0, 1])
def test_with_fewer_than_two_labels_everything_is_infinitely_far(n_labels):
    has_label = np.arange(200)[:, None] < n_labels
    states = draw_states()
    assert np.isinf(fit(states, has_label).measure(states)).all()


def test_with_few_labels_the_farthest_of_them_counts():
    has_label = np.arange(200)[:, None] < 3
    states = draw_states()
    space = fit(states, has_label)
    references = space.references.astype(np.float32)
    expected = find_distances(project(space, states[5:6]), references) / space.scales
    np.testing.assert_allclose(space.measure(states[5:6])[:, 0], expected, rtol=1e-3)


def test_molecules_that_are_all_alike_are_near_each_other():
    states = np.ones((200, 4), dtype=np.float32)
    assert (fit(states).measure(states) <= 1).all()


def test_nothing_to_measure():
    assert fit(draw_states()).measure(draw_states(0)).shape == (0, 1)


def test_tensors_hold_the_whole_space():
    has_label = np.random.default_rng(0).random((200, 11)) < 0.2
    space, others = fit(draw_states(), has_label), draw_states(20, seed=1)
    tensors = space.to_tensors()
    assert tensors["latent.references"].dtype.itemsize == 2
    np.testing.assert_array_equal(LatentSpace.from_tensors(tensors).measure(others), space.measure(others))
