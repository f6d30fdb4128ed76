"""The masked loss against numbers worked out by hand, and a training that repeats itself."""

import math

import numpy as np
import pytest
import torch

from moldesign.graphs import count_features, featurize_smiles
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.training import (
    NetworkPlan,
    Objective,
    TrainingSet,
    TrainingSettings,
    apply_network,
    masked_loss,
    train_network,
)

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


def make_task():
    """Return molecules with the length of their SMILES, and for two thirds of them whether they are an alcohol."""
    smiles = ["C" * n + end for n in range(1, 13) for end in ("O", "N", "F")]
    labels = np.array([[len(text), NAN if "F" in text else float("O" in text)] for text in smiles])
    endpoints = [
        Endpoint("length", "regression", "", "", center=7.0, spread=3.5),
        Endpoint("alcohol", "classification", "", ""),
    ]
    return TrainingSet(featurize_smiles(smiles).graphs, labels, endpoints)


def make_plan(rows=None, *, n_epochs=2, seed=0, valid=None, start=None, **settings):
    shape = NetworkSettings(*count_features(), 2, hidden_size=16, n_layers=2, dropout=0.1)
    training = TrainingSettings(n_epochs=n_epochs, **{"batch_size": 8, "learning_rate": 1e-2} | settings)
    return NetworkPlan(np.arange(36) if rows is None else rows, shape, training, seed, valid, start)


def train(*, on_epoch=None, **plan):
    data = make_task()
    return data, train_network(data, make_plan(**plan), on_epoch=on_epoch)


def test_the_same_seed_gives_the_same_network():
    (_, first), (_, second), (_, other) = train(), train(), train(seed=1)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])
    assert any(not torch.equal(tensor, other.state_dict()[name]) for name, tensor in first.state_dict().items())


def test_rows_that_are_left_out_teach_nothing():
    rows = np.arange(0, 36, 2)
    data, network = train(rows=rows)
    data.labels[1::2] += 100
    again = train_network(data, make_plan(rows))
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
    data = make_task()
    with pytest.raises(ValueError, match="36 graphs and 35 rows of labels"):
        train_network(data._replace(labels=data.labels[1:]), make_plan())


def note_validation(**plan):
    """Train with validation; return the network and the validation loss of each epoch."""
    losses = []
    data, network = train(**plan, on_epoch=lambda progress: losses.append(progress.valid_loss))
    return data, network, losses


def test_the_network_is_returned_as_it_was_at_its_best():
    valid = np.arange(1, 36, 3)
    rows = np.setdiff1d(np.arange(36), valid)
    data, network, losses = note_validation(rows=rows, valid=valid, n_epochs=8, learning_rate=5e-2)
    best = int(np.argmin(losses))
    assert best < 7, "the test needs a training whose last epoch is not the best"
    objective = Objective.of(data, rows, TrainingSettings())
    assert objective.measure(network, data.graphs, valid) == pytest.approx(losses[best], rel=1e-6)


def test_training_stops_when_validation_has_not_improved_for_a_while():
    valid = np.arange(1, 36, 3)
    rows = np.setdiff1d(np.arange(36), valid)
    _, _, losses = note_validation(rows=rows, valid=valid, n_epochs=60, learning_rate=5e-2, patience=3)
    assert len(losses) < 60
    assert int(np.argmin(losses)) == len(losses) - 4


def test_without_validation_there_is_no_validation_loss():
    _, _, losses = note_validation(n_epochs=3, patience=1)
    assert losses == [None, None, None]


def test_a_training_may_end_before_its_plan():
    epochs = []
    train(n_epochs=9, stop_after=2, on_epoch=lambda progress: epochs.append((progress.epoch, progress.n_epochs)))
    assert epochs == [(1, 9), (2, 9)]


def test_a_start_gives_its_weights_and_leaves_the_rest_as_it_was():
    data, first = train()
    start = {name: tensor for name, tensor in first.state_dict().items() if not name.startswith("heads.")}
    frozen = make_plan(start=start, learning_rate=0.0, weight_decay=0.0)
    started, new = train_network(data, frozen), train_network(data, make_plan(learning_rate=0.0, weight_decay=0.0))
    for name, tensor in started.state_dict().items():
        assert torch.equal(tensor, start[name] if name in start else new.state_dict()[name]), name


def test_a_start_with_unknown_weights_is_refused():
    with pytest.raises(ValueError, match="no weights called nowhere"):
        train(start={"nowhere": torch.zeros(1)})


def test_focal_loss_by_hand():
    outputs, targets = torch.tensor([[math.log(3)], [math.log(3)]]), torch.tensor([[1.0], [0.0]])
    loss = masked_loss(outputs, targets, torch.ones(1), torch.tensor([True]), focusing=2.0)
    # p = 3/4: a positive is wrong by 1/4, a negative by 3/4
    assert loss.item() == pytest.approx((0.25**2 * math.log(4 / 3) + 0.75**2 * math.log(4)) / 2)


def test_positives_can_weigh_more():
    outputs, targets = torch.tensor([[math.log(3)], [math.log(3)]]), torch.tensor([[1.0], [0.0]])
    loss = masked_loss(
        outputs, targets, torch.ones(1), torch.tensor([True]), positive_weights=torch.tensor([5.0]), focusing=0.0
    )
    assert loss.item() == pytest.approx((5 * math.log(4 / 3) + math.log(4)) / 2)


@pytest.mark.parametrize("loss", ["weighted", "plain"])
def test_probabilities_of_a_rare_class_are_its_share(loss):
    """Molecules that all look alike: the only thing to learn is how many of them are positive."""
    labels = np.zeros((64, 1))
    labels[:8] = 1
    data = TrainingSet(featurize_smiles(["CCO"] * 64).graphs, labels, [Endpoint("rare", "classification", "", "")])
    shape = NetworkSettings(*count_features(), 1, hidden_size=8, n_layers=1, dropout=0.0)
    settings = TrainingSettings(n_epochs=40, batch_size=64, learning_rate=2e-2, weight_decay=0.0, loss=loss)
    network = train_network(data, NetworkPlan(np.arange(64), shape, settings, seed=0))
    output = apply_network(network, data.graphs)[0, 0]
    assert 1 / (1 + math.exp(-output)) == pytest.approx(1 / 8, abs=0.02)


def test_a_class_that_is_missing_weighs_nothing_more():
    data = make_task()
    data.labels[:, 1] = 1.0
    objective = Objective.of(data, np.arange(36), TrainingSettings(loss="weighted"))
    assert objective.positive_weights.tolist() == [1.0, 1.0]


def test_a_trained_network_goes_on_from_what_it_says():
    """With class weights, too: what was undone at the end of a training is done again at the start of the next."""
    data, network = train(n_epochs=3, loss="weighted")
    said = apply_network(network, data.graphs)
    unmoved = make_plan(start=network.state_dict(), loss="weighted", learning_rate=1e-12, n_epochs=1)
    assert unmoved.goes_on
    np.testing.assert_allclose(apply_network(train_network(data, unmoved), data.graphs), said, atol=1e-4)
    encoder = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("heads.")}
    assert not make_plan(start=encoder).goes_on
