"""Which atoms an output rests on: complete, independent of the writing, and right where the atoms are known."""

from itertools import product

import numpy as np
import pytest
import torch

from moldesign.chem.smiles import randomize_smiles, require_mols
from moldesign.graphs import count_features, featurize_smiles
from moldesign.metrics import compute_auroc
from moldesign.predictors import attribution as module
from moldesign.predictors.attribution import attribute_atoms
from moldesign.predictors.endpoints import fit_endpoint
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings, apply_network, train_network
from tests.predictors.tiny_predictor import make_network


@pytest.fixture(scope="module")
def network() -> PropertyNetwork:
    return make_network()


def test_weights_add_up_to_what_the_molecule_is_above_the_baseline(network, named_drugs):
    graphs = featurize_smiles(list(named_drugs.values())).graphs
    outputs = apply_network(network, graphs)[:, 1]
    for one, output in zip(attribute_atoms(network, graphs, 1, n_steps=512), outputs, strict=True):
        assert one.weights.dtype == np.float32
        assert one.output == pytest.approx(output, abs=1e-5)
        assert one.weights.sum() == pytest.approx(one.output - one.baseline, rel=0.01)


def test_every_column_is_explained_by_itself(network):
    graphs = featurize_smiles(["CCO"]).graphs
    first, second = (attribute_atoms(network, graphs, column)[0] for column in (0, 1))
    assert [first.output, second.output] == pytest.approx(apply_network(network, graphs)[0].tolist(), abs=1e-5)
    assert np.abs(first.weights - second.weights).max() > 1e-4


def test_weights_follow_the_atoms_however_they_are_written(network, named_drugs):
    rng = np.random.default_rng(0)
    for smiles, mol in zip(named_drugs.values(), require_mols(list(named_drugs.values())), strict=True):
        again = randomize_smiles(mol, rng)
        [rewritten] = require_mols([again])
        order = rewritten.GetSubstructMatch(mol, useChirality=True)
        [one, other] = attribute_atoms(network, featurize_smiles([smiles, again]).graphs, 0)
        np.testing.assert_allclose(one.weights, other.weights[list(order)], atol=1e-4)


def test_equal_atoms_weigh_the_same(network):
    [benzene] = attribute_atoms(network, featurize_smiles(["c1ccccc1"]).graphs, 0)
    np.testing.assert_allclose(benzene.weights, benzene.weights[0], atol=1e-5)


def test_parts_of_the_path_change_nothing(network, monkeypatch):
    graphs = featurize_smiles(["CC(=O)Oc1ccccc1C(=O)O", "[Na+].[Cl-]", "C"]).graphs
    whole = attribute_atoms(network, graphs, 0)
    monkeypatch.setattr(module, "_MAX_ATOMS", 20)
    for one, other in zip(whole, attribute_atoms(network, graphs, 0), strict=True):
        np.testing.assert_allclose(one.weights, other.weights, atol=1e-5)
    assert [len(one.weights) for one in whole] == [13, 2, 1]


def test_the_network_stays_as_it_was(network):
    graphs = featurize_smiles(["CCO", "c1ccccc1"]).graphs
    before = apply_network(network, graphs), {name: t.clone() for name, t in network.state_dict().items()}
    attribute_atoms(network, graphs, 0)
    np.testing.assert_array_equal(before[0], apply_network(network, graphs))
    assert all(torch.equal(before[1][name], t) for name, t in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_atoms_that_the_label_counts_are_found():
    groups = ("C", "CC", "N", "O", "F", "CN", "CO", "C(F)F", "OC", "NC")
    smiles = [f"{a}c1ccc({b})cc1{c}" for a, b, c in product(groups, repeat=3) if not a.startswith("C(")][:600]
    is_nitrogen = [np.array([atom.GetAtomicNum() == 7 for atom in mol.GetAtoms()]) for mol in require_mols(smiles)]
    labels = np.array([[float(found.sum())] for found in is_nitrogen])
    data = TrainingSet(featurize_smiles(smiles).graphs, labels, [fit_endpoint("nitrogens", "regression", labels[:, 0])])
    shape = NetworkSettings(*count_features(), 1, hidden_size=16, n_layers=2, dropout=0.0)
    rows = np.random.default_rng(0).permutation(len(smiles))
    network = train_network(data, NetworkPlan(rows[50:], shape, TrainingSettings(n_epochs=8), seed=0))
    held_out = [row for row in rows[:50] if is_nitrogen[row].any()]
    found = attribute_atoms(network, data.graphs.select(np.array(held_out)), 0)
    scores = [compute_auroc(is_nitrogen[row], one.weights) for row, one in zip(held_out, found, strict=True)]
    assert np.mean(scores) > 0.95
