"""The encoder at work: its states are the network's own, and unreadable molecules keep their row."""

import numpy as np
import torch

from moldesign.graphs import featurize_smiles
from scripts.teacher.encoder import embed_molecules, load_encoder, load_tree_inputs
from scripts.teacher.features import count_features
from tests.tiny_encoder import SIZE, save_encoder

SMILES = ["CCO", "C(C", "c1ccccc1O"]


def test_states_are_those_of_the_trained_network(tmp_path):
    network = save_encoder(tmp_path).eval()
    states = embed_molecules(SMILES, load_encoder(tmp_path))
    batch = featurize_smiles(SMILES).graphs.to_batch()
    with torch.inference_mode():
        expected = network.pool(network.encode(batch), batch).numpy()
    np.testing.assert_allclose(states[[0, 2]], expected, rtol=1e-5)
    assert np.isnan(states[1]).all()


def test_encoders_are_told_apart(tmp_path):
    save_encoder(tmp_path / "one", seed=1)
    save_encoder(tmp_path / "other", seed=2)
    assert load_encoder(tmp_path / "one").digest != load_encoder(tmp_path / "other").digest
    assert not any(name.startswith("heads.") for name in load_encoder(tmp_path / "one").weights)


def test_trees_read_features_and_states(tmp_path):
    save_encoder(tmp_path)
    inputs = load_tree_inputs(["CCO", "CCN"], tmp_path)
    assert inputs.shape == (2, count_features() + 3 * SIZE)
    np.testing.assert_array_equal(
        inputs[:, count_features() :], embed_molecules(["CCO", "CCN"], load_encoder(tmp_path))
    )
