"""The masked loss against numbers worked out by hand, and a training that repeats itself."""

import math

import numpy as np
import pytest
import torch

from moldesign.graphs import count_features, featurize_smiles
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.training import TrainingSet, TrainingSettings, apply_network, masked_loss, train_network

NAN = math.nan
IS_CLASS = torch.tensor([False, True])


def test_masked_loss_by_hand():
    outputs = torch.tensor([[0.0, 0.0], [5.0, math.log(3)]])
    targets = torch.tensor([[1.0, 1.0], [NAN, 0.0]])
    loss = masked_loss(outputs, targets, torch.tensor([2.0, 1.0]), IS_CLASS)
    # 2 * (0 - 1)^2 + ln 2 + ln 4, over the weights 2 + 1 + 1 of the three labels that exist
    assert loss.item() == pytest.approx((2 + math.log(2) + math.log(4)) / 4)


def test_what_was_not_measured_gets_no_gradient():
    outputs = torch.tensor([[3.0, 1.0], [-2.0, 0.5]], requires_grad=True)
    masked_loss(outputs, torch.tensor([[NAN, 1.0], [1.0, NAN]]), torch.ones(2), IS_CLASS).backward()
    assert torch.isfinite(outputs.grad).all()
    assert (outputs.grad == 0).tolist() == [[True, False], [False, True]]


def test_a_batch_without_labels_costs_nothing():
    outputs = torch.ones(3, 2, requires_grad=True)
    loss = masked_loss(outputs, torch.full((3, 2), NAN), torch.ones(2), IS_CLASS)
    loss.backward()
    assert loss.item() == 0
    assert not outputs.grad.any()


def train(n_epochs=2, seed=0, rows=None, **options):
    smiles = ["C" * n + end for n in range(1, 13) for end in ("O", "N", "F")]
    labels = np.array([[len(text), NAN if "F" in text else float("O" in text)] for text in smiles])
    endpoints = [
        Endpoint("length", "regression", "", "", center=7.0, spread=3.5),
        Endpoint("alcohol", "classification", "", ""),
    ]
    data = TrainingSet(featurize_smiles(smiles).graphs, labels, endpoints)
    shape = NetworkSettings(*count_features(), 2, hidden_size=16, n_layers=2, dropout=0.1)
    rows = np.arange(len(smiles)) if rows is None else rows
    settings = TrainingSettings(n_epochs=n_epochs, batch_size=8, learning_rate=1e-2)
    return data, train_network(data, rows, settings, shape, seed=seed, **options)


def test_the_same_seed_gives_the_same_network():
    (_, first), (_, second), (_, other) = train(), train(), train(seed=1)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])
    assert any(not torch.equal(tensor, other.state_dict()[name]) for name, tensor in first.state_dict().items())


def test_rows_that_are_left_out_teach_nothing():
    rows = np.arange(0, 36, 2)
    data, network = train(rows=rows)
    data.labels[1::2] += 100
    shape, settings = network.settings, TrainingSettings(n_epochs=2, batch_size=8, learning_rate=1e-2)
    again = train_network(data, rows, settings, shape, seed=0)
    np.testing.assert_array_equal(apply_network(network, data.graphs), apply_network(again, data.graphs))


def test_training_learns_both_kinds_of_endpoint_and_reports_each_epoch():
    progress = []
    data, network = train(n_epochs=30, on_epoch=progress.append)
    assert [(one.epoch, one.n_epochs) for one in progress] == [(epoch, 30) for epoch in range(1, 31)]
    assert progress[-1].loss < 0.2 * progress[0].loss
    assert not network.training
    outputs = apply_network(network, data.graphs)
    error = np.abs(data.endpoints[0].to_values(outputs[:, 0]) - data.labels[:, 0]).mean()
    assert error < 0.5
    known = np.isfinite(data.labels[:, 1])
    assert ((outputs[known, 1] > 0) == (data.labels[known, 1] == 1)).all()


@pytest.mark.parametrize("n_rows", [1, 2, 8])
def test_the_shortest_trainings_end(n_rows):
    for n_epochs in (1, 2, 10):
        _, network = train(n_epochs=n_epochs, rows=np.arange(n_rows))
        assert all(torch.isfinite(tensor).all() for tensor in network.parameters())


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no row to train on"):
        train(rows=np.arange(0))


def test_graphs_and_labels_must_belong_together():
    data, network = train(n_epochs=1)
    with pytest.raises(ValueError, match="36 graphs and 35 rows of labels"):
        train_network(data._replace(labels=data.labels[1:]), np.arange(3), TrainingSettings(), network.settings, seed=0)
