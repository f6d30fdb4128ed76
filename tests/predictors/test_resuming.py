"""An interrupted training ends with the weights of one that was not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moldesign.graphs import count_features, featurize_smiles
from moldesign.predictors.endpoints import fit_endpoint
from moldesign.predictors.finished import UNDER_WAY, train_or_load
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.resuming import TrainingCheckpoint
from moldesign.predictors.training import NetworkPlan, TrainingSet, TrainingSettings, train_network

SMILES = ["C" * n + ending for n in range(1, 9) for ending in ("O", "N", "C(=O)O")]
LABELS = np.array([[float(len(text))] for text in SMILES])
DATA = TrainingSet(featurize_smiles(SMILES).graphs, LABELS, [fit_endpoint("length", "regression", LABELS[:, 0])])
SHAPE = NetworkSettings(*count_features(), 1, hidden_size=8, n_layers=1, dropout=0.2)
PLAN = NetworkPlan(np.arange(len(SMILES)), SHAPE, TrainingSettings(n_epochs=6, batch_size=8), seed=3)
RECIPE = {"recipe": "one"}


class InterruptionError(Exception):
    pass


def interrupt_after(n_epochs):
    def stop(progress):
        if progress.epoch > n_epochs:
            raise InterruptionError

    return stop


def assert_same_weights(one, other):
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor, rtol=0, atol=0)


def interrupt(folder):
    with pytest.raises(InterruptionError):
        train_network(
            DATA, PLAN, on_epoch=interrupt_after(3), checkpoint=TrainingCheckpoint(folder, RECIPE, every_seconds=0)
        )


def test_interrupted_training_ends_with_the_same_weights(tmp_path):
    interrupt(tmp_path)
    epochs = []
    resumed = train_network(
        DATA, PLAN, on_epoch=lambda p: epochs.append(p.epoch), checkpoint=TrainingCheckpoint(tmp_path, RECIPE)
    )
    assert epochs == [4, 5, 6]
    assert_same_weights(train_network(DATA, PLAN), resumed)


def test_state_of_another_training_is_not_taken_up(tmp_path, caplog):
    interrupt(tmp_path)
    epochs = []
    other = TrainingCheckpoint(tmp_path, {"recipe": "other"})
    train_network(DATA, PLAN, on_epoch=lambda p: epochs.append(p.epoch), checkpoint=other)
    assert epochs == [1, 2, 3, 4, 5, 6]
    assert "begun again" in caplog.text


def test_state_is_gone_when_the_training_has_ended(tmp_path):
    folder = tmp_path / "network"
    finished = train_or_load(SMILES, DATA, PLAN, folder)
    assert not (folder / UNDER_WAY).exists()
    assert_same_weights(train_network(DATA, PLAN), finished.network)


def test_validation_and_checkpoint_exclude_each_other(tmp_path):
    plan = replace(PLAN, valid=np.arange(3))
    with pytest.raises(ValueError, match="validation rows"):
        train_network(DATA, plan, checkpoint=TrainingCheckpoint(tmp_path, RECIPE))
