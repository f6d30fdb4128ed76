"""Arranged messages: the network computes the same with them as without."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from moldesign.graphs import featurize_smiles
from moldesign.predictors.messages import arrange_messages, find_bond_kinds
from tests.conftest import NAMED_DRUGS
from tests.predictors.tiny_predictor import make_network

NETWORK = make_network()


@pytest.mark.parametrize(
    "smiles",
    [list(NAMED_DRUGS.values()), ["C"], ["C", "CC", "[Na]"], ["C/C=C/C", "C/C=C\\C", "C#N", "c1ccccc1"], ["CC"]],
    ids=["drugs", "one atom", "atoms without bonds", "kinds of bonds", "one bond"],
)
def test_states_are_the_same_with_arranged_messages(smiles):
    graphs = featurize_smiles(smiles).graphs
    batch, messages = graphs.to_batch(), arrange_messages(graphs, find_bond_kinds(graphs.bonds))
    with torch.inference_mode():
        torch.testing.assert_close(NETWORK.encode(batch, messages), NETWORK.encode(batch), rtol=1e-5, atol=1e-5)


def test_every_bond_keeps_its_features():
    bonds = featurize_smiles(list(NAMED_DRUGS.values())).graphs.bonds
    kinds = find_bond_kinds(bonds)
    np.testing.assert_array_equal(kinds.features[kinds.of_bond], bonds)
    assert len(kinds.features) < 30


def test_features_that_are_no_marks_stay_apart():
    bonds = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    kinds = find_bond_kinds(np.concatenate([bonds, bonds]))
    np.testing.assert_array_equal(kinds.features[kinds.of_bond], np.concatenate([bonds, bonds]))


def test_no_bonds_have_no_kinds():
    kinds = find_bond_kinds(np.zeros((0, 13), dtype=np.float32))
    assert (kinds.features.shape, kinds.of_bond.shape) == ((0, 13), (0,))


def test_messages_to_an_atom_stand_together():
    edges = np.array([[0, 1, 1, 2, 0, 2], [1, 0, 2, 1, 2, 0]])
    bonds = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0], [1, 0]], dtype=np.float32)
    graphs = SimpleNamespace(atoms=np.zeros((4, 1)), edges=edges)
    messages = arrange_messages(graphs, find_bond_kinds(bonds))
    assert messages.starts.tolist() == [0, 2, 4, 6, 6]
    sources, kinds = messages.parts.reshape(-1, 2).T.tolist()
    assert sources == [1, 2, 0, 2, 1, 0]
    np.testing.assert_array_equal(messages.kinds[np.array(kinds) - 4], bonds[[1, 5, 0, 3, 2, 4]])
