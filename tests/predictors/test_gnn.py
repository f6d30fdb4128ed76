"""The network: what it may depend on, and what it may not."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch_geometric.nn import GINEConv

from moldesign.graphs import featurize_smiles
from moldesign.predictors.gnn import BondMessageLayer
from moldesign.predictors.training import apply_network
from tests.conftest import NAMED_DRUGS
from tests.graphs.rewriting import rewrite
from tests.predictors.tiny_predictor import make_network

NETWORK = make_network()


def apply(smiles, **options):
    return apply_network(NETWORK, featurize_smiles(smiles).graphs, **options)


@hypothesis_settings(max_examples=40)
@given(name=st.sampled_from(sorted(NAMED_DRUGS)), seed=st.integers(0, 2**32 - 1))
def test_outputs_do_not_depend_on_the_order_of_the_atoms(name, seed):
    smiles = NAMED_DRUGS[name]
    first, second = apply([smiles, rewrite(smiles, np.random.default_rng(seed))[0]])
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)


def test_outputs_do_not_depend_on_the_neighbours_in_the_batch(named_drugs):
    texts = list(named_drugs.values())
    together = apply(texts)
    np.testing.assert_allclose(together, np.concatenate([apply([text]) for text in texts]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(together, apply(texts, batch_size=5), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CCO", "CCN"),
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
        ("C/C=C/C", "C/C=C\\C"),
        ("C", "[13CH4].C"),
        ("CC", "CCC"),
    ],
)
def test_different_molecules_have_different_outputs(one, other):
    first, second = apply([one, other])
    assert np.abs(first - second).max() > 1e-3


def test_forward_is_heads_of_pool_of_encode():
    graphs = featurize_smiles(["CCO", "c1ccccc1"]).graphs.to_batch()
    with torch.inference_mode():
        states = NETWORK.encode(graphs)
        pooled = NETWORK.pool(states, graphs)
        assert states.shape == (9, 16)
        assert pooled.shape == (2, 48)
        assert torch.equal(NETWORK.heads(pooled), NETWORK(graphs))
        torch.testing.assert_close(
            pooled[0], torch.cat([states[:3].mean(0), states[:3].amax(0), states[:3].sum(0) / 25])
        )


def test_a_bond_reaches_as_far_as_there_are_layers():
    near, far = "CCCCCCCC", "CCCCCCCO"
    graphs = featurize_smiles([near, far]).graphs.to_batch()
    with torch.inference_mode():
        states = NETWORK.encode(graphs).reshape(2, 8, 16)
    differs = (states[0] - states[1]).abs().amax(dim=1) > 0
    # The neighbour of the oxygen has another hybridisation of its own at most; two layers carry that two bonds on.
    assert not differs[:4].any()
    assert differs[6:].all()


def test_no_molecules_give_no_outputs():
    outputs = apply([])
    assert (outputs.shape, outputs.dtype) == ((0, 2), np.float32)


def test_an_atom_enters_the_pool_as_far_as_it_is_present():
    graphs = featurize_smiles(["CCO", "c1ccccc1"]).graphs.to_batch()
    states = torch.rand(9, 16)
    everything = NETWORK.pool(states, graphs, torch.ones(9))
    assert torch.allclose(everything, NETWORK.pool(states, graphs), atol=1e-6)
    presence = torch.ones(9)
    presence[2] = 0.5
    pooled = NETWORK.pool(states, graphs, presence)
    assert torch.allclose(pooled[0, :16], (states[0] + states[1] + states[2] / 2) / 2.5, atol=1e-6)
    assert torch.allclose(pooled[0, 32:], (states[0] + states[1] + states[2] / 2) / 25, atol=1e-6)
    assert torch.equal(pooled[1], everything[1])


def test_the_layer_is_that_of_pyg():
    graphs = featurize_smiles(["CC(=O)Oc1ccccc1C(=O)O", "C", "C#N"]).graphs.to_batch()
    layer = NETWORK.layers[0]
    states = torch.randn(graphs.num_nodes, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        own = layer(states, graphs.edge_index, graphs.edge_attr)
        torch.testing.assert_close(own, GINEConv.forward(layer, states, graphs.edge_index, graphs.edge_attr))


def test_the_layer_learns_as_that_of_pyg():
    graphs = featurize_smiles(["CC(=O)Oc1ccccc1C(=O)O", "C#N"]).graphs.to_batch()
    gradients = []
    for forward in (BondMessageLayer.forward, GINEConv.forward):
        layer = deepcopy(NETWORK.layers[0])
        states = torch.ones(graphs.num_nodes, 16).cumsum(0).requires_grad_()
        forward(layer, states, graphs.edge_index, graphs.edge_attr).square().mean().backward()
        gradients.append([states.grad, *(parameter.grad for parameter in layer.parameters())])
    torch.testing.assert_close(*gradients)
