"""Environments: the network computes the same as atom by atom, and only what differs is computed."""

import numpy as np
import pytest
import torch

from moldesign.graphs import featurize_smiles
from moldesign.predictors.environments import find_environments, find_kinds
from tests.conftest import NAMED_DRUGS
from tests.predictors.tiny_predictor import make_network

NETWORK = make_network()
N_LAYERS = NETWORK.settings.n_layers


@pytest.mark.parametrize(
    "smiles",
    [list(NAMED_DRUGS.values()), ["C"], ["C", "CC", "[Na]"], ["C/C=C/C", "C/C=C\\C", "C#N", "c1ccccc1"], ["CC"]],
    ids=["drugs", "one atom", "atoms without bonds", "kinds of bonds", "one bond"],
)
def test_pooled_states_are_those_of_all_atoms(smiles):
    graphs = featurize_smiles(smiles).graphs
    batch, environments = graphs.to_batch(), find_environments(graphs, find_kinds(graphs.bonds), N_LAYERS)
    with torch.inference_mode():
        expected = NETWORK.pool(NETWORK.encode(batch), batch)
        torch.testing.assert_close(NETWORK.pool_environments(environments), expected, rtol=1e-5, atol=1e-5)


def count_environments(graphs, bonds):
    """Return how many there are of each radius above 0, by the definition."""
    names, counts = find_kinds(graphs.atoms).of_row.tolist(), []
    for _ in range(N_LAYERS):
        heard = [[] for _ in names]
        for source, target, kind in zip(*graphs.edges.tolist(), bonds.of_row.tolist(), strict=True):
            heard[target].append((names[source], kind))
        known = {}
        names = [known.setdefault((own, tuple(sorted(h))), len(known)) for own, h in zip(names, heard, strict=True)]
        counts.append(len(known))
    return counts


def test_each_environment_is_there_once():
    rng = np.random.default_rng(0)
    letters = rng.choice(list("CCCCNOSF"), size=(300, 3))
    graphs = featurize_smiles(
        [*NAMED_DRUGS.values(), *(f"C{a}C({b})=C{c}" for a, b, c in letters if "F" not in (a, b))]
    ).graphs
    bonds = find_kinds(graphs.bonds)
    environments = find_environments(graphs, bonds, N_LAYERS)
    assert [len(messages.own) for messages in environments.layers] == count_environments(graphs, bonds)
    assert len(environments.layers[0].own) < len(graphs.atoms) / 2


def test_every_bond_keeps_its_features():
    bonds = featurize_smiles(list(NAMED_DRUGS.values())).graphs.bonds
    kinds = find_kinds(bonds)
    np.testing.assert_array_equal(kinds.features[kinds.of_row], bonds)
    assert len(kinds.features) < 30


def test_features_that_are_no_marks_stay_apart():
    bonds = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    kinds = find_kinds(np.concatenate([bonds, bonds]))
    np.testing.assert_array_equal(kinds.features[kinds.of_row], np.concatenate([bonds, bonds]))


def test_no_bonds_have_no_kinds():
    kinds = find_kinds(np.zeros((0, 13), dtype=np.float32))
    assert (kinds.features.shape, kinds.of_row.shape) == ((0, 13), (0,))
