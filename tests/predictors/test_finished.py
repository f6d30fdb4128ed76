"""Finished networks: taken over unchanged, and only by the training that they came from."""

import json
import logging

import numpy as np
import pytest
import torch

from moldesign.errors import ModelFormatError
from moldesign.graphs import featurize_smiles
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.finished import (
    EpochLosses,
    FinishedNetwork,
    fingerprint_training,
    load_finished,
    save_finished,
    train_or_load,
)
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings
from tests.predictors.tiny_predictor import make_network

SMILES = ["CCO", "CCN", "CCC"]
DATA = TrainingSet(
    featurize_smiles(SMILES).graphs,
    np.array([[1.0], [np.nan], [2.0]]),
    [Endpoint("x", "regression", "h", "")],
)
FINGERPRINT = {"seed": "a", "labels": "b", "rows": "c"}


CURVE = (EpochLosses(2.0, 3.0), EpochLosses(1.0, 2.0), EpochLosses(0.5, 2.5))


def make_plan(*, rows=(0, 2), n_epochs=3, n_endpoints=1, seed=0, valid=None, start=None):
    shape = make_network(n_endpoints=n_endpoints).settings
    return NetworkPlan(np.array(rows), shape, TrainingSettings(n_epochs=n_epochs), seed, valid, start)


def fingerprint(*, smiles=SMILES, data=DATA, **plan):
    return fingerprint_training(smiles, data, make_plan(**plan))


def test_the_same_training_has_the_same_fingerprint():
    copy = DATA._replace(labels=DATA.labels.copy(), endpoints=tuple(DATA.endpoints))
    assert fingerprint() == fingerprint(smiles=tuple(SMILES), data=copy)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"n_epochs": 4}, "training settings"),
        ({"n_endpoints": 2}, "network settings"),
        ({"seed": 1}, "seed"),
        ({"smiles": ["CCO", "CCN", "CCCl"]}, "molecules"),
        ({"rows": (0, 1)}, "rows"),
        ({"valid": np.array([1])}, "validation rows"),
        ({"start": {"embed_atoms.bias": torch.zeros(16)}}, "starting weights"),
        ({"data": DATA._replace(labels=np.array([[1.0], [0.0], [2.0]]))}, "labels"),
        ({"data": DATA._replace(endpoints=[Endpoint("x", "regression", "h", "", log_scale=True)])}, "endpoints"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_changes_is_named(changes, part):
    first, second = fingerprint(), fingerprint(**changes)
    assert [name for name in first if first[name] != second[name]] == [part]


def test_a_finished_network_is_read_back(tmp_path, caplog):
    network = make_network()
    save_finished(tmp_path, FinishedNetwork(network, CURVE), FINGERPRINT)
    again = load_finished(tmp_path, network.settings, FINGERPRINT)
    assert again is not None
    assert not again.network.training
    assert all(torch.equal(tensor, again.network.state_dict()[name]) for name, tensor in network.state_dict().items())
    assert again.curve == CURVE
    assert caplog.text == ""


def test_an_empty_folder_has_no_network(tmp_path):
    assert load_finished(tmp_path / "nowhere", make_network().settings, FINGERPRINT) is None


def test_a_network_of_another_training_is_refused_with_the_reason(tmp_path, caplog):
    network = make_network()
    save_finished(tmp_path, FinishedNetwork(network, CURVE), FINGERPRINT)
    with caplog.at_level(logging.WARNING):
        assert load_finished(tmp_path, network.settings, FINGERPRINT | {"labels": "x", "rows": "y"}) is None
    assert f"the network in {tmp_path} is trained again: changed since then: labels, rows" in caplog.text


def test_a_network_of_unknown_origin_is_refused(tmp_path, caplog):
    network = make_network()
    save_finished(tmp_path, FinishedNetwork(network, CURVE), FINGERPRINT)
    card = json.loads((tmp_path / "card.json").read_text())
    del card["fingerprint"]
    (tmp_path / "card.json").write_text(json.dumps(card))
    assert load_finished(tmp_path, network.settings, FINGERPRINT) is None
    assert "its card does not say how it was trained" in caplog.text


def test_a_damaged_network_is_an_error(tmp_path):
    network = make_network()
    save_finished(tmp_path, FinishedNetwork(network, CURVE), FINGERPRINT)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelFormatError, match="checksum"):
        load_finished(tmp_path, network.settings, FINGERPRINT)


def test_the_best_epoch_is_that_of_the_lowest_validation_loss():
    finished = FinishedNetwork(make_network(), CURVE)
    assert (finished.best_epoch, finished.best_loss) == (2, 2.0)
    without = FinishedNetwork(make_network(), tuple(EpochLosses(epoch.train, None) for epoch in CURVE))
    assert (without.best_epoch, without.best_loss) == (3, np.inf)


def test_a_training_is_done_once_in_its_folder(tmp_path):
    epochs = []
    first = train_or_load(SMILES, DATA, make_plan(), tmp_path, on_epoch=lambda progress: epochs.append(progress.epoch))
    again = train_or_load(SMILES, DATA, make_plan(), tmp_path, on_epoch=lambda progress: epochs.append(progress.epoch))
    assert epochs == [1, 2, 3]
    assert again.curve == first.curve
    assert [epoch.valid for epoch in first.curve] == [None, None, None]
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name])


def test_without_a_folder_nothing_is_kept():
    assert len(train_or_load(SMILES, DATA, make_plan(n_epochs=2), None).curve) == 2
