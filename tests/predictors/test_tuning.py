"""The search: the given settings first, never worse than they, the same for the same seed."""

from dataclasses import replace

import numpy as np
import pytest

from moldesign.graphs import count_features
from moldesign.predictors.encoder import Encoder
from moldesign.predictors.ensemble_fit import EnsemblePlan
from moldesign.predictors.finished import EpochLosses, FinishedNetwork
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.training import TrainingSettings
from moldesign.predictors.tuning import BATCH_SIZES, HIDDEN_SIZES, search_plan
from tests.predictors.tiny_predictor import make_network

pytest.importorskip("optuna")

PLAN = EnsemblePlan(NetworkSettings(*count_features(), 1), TrainingSettings(), 3, 0, None)


def prefer_large_batches(number, plan):
    """Stand in for a training: the loss falls with the batch size and rises with the dropout."""
    loss = 1 / plan.settings.batch_size + plan.shape.dropout + 0.001 * number
    return FinishedNetwork(make_network(), (EpochLosses(1.0, 9.0), EpochLosses(1.0, loss), EpochLosses(1.0, 5.0)))


def test_the_given_settings_are_tried_first():
    _, trials = search_plan(PLAN, 4, prefer_large_batches)
    assert len(trials) == 4
    assert trials[0].settings == {
        "learning_rate": 2e-3, "dropout": 0.1, "batch_size": 64, "hidden_size": 96, "n_layers": 3
    }  # fmt: skip
    assert trials[0].valid_loss == pytest.approx(1 / 64 + 0.1)


def test_the_best_trial_is_chosen():
    plan, trials = search_plan(PLAN, 12, prefer_large_batches)
    best = min(trials, key=lambda trial: trial.valid_loss)
    assert plan.settings.batch_size == best.settings["batch_size"] in BATCH_SIZES
    assert plan.shape.hidden_size == best.settings["hidden_size"] in HIDDEN_SIZES
    assert plan.shape.dropout == best.settings["dropout"]
    assert plan.settings.n_epochs == PLAN.settings.n_epochs
    assert best.valid_loss < trials[0].valid_loss


def test_the_same_seed_tries_the_same_settings():
    first, second, other = (
        [trial.settings for trial in search_plan(replace(PLAN, seed=seed), 5, prefer_large_batches)[1]]
        for seed in (0, 0, 1)
    )
    assert first == second
    assert first != other


def test_an_encoder_keeps_its_size():
    encoder = Encoder("x", PLAN.shape, ({},))
    plan, trials = search_plan(replace(PLAN, encoder=encoder), 6, prefer_large_batches)
    assert set(trials[0].settings) == {"learning_rate", "dropout", "batch_size"}
    assert (plan.shape.hidden_size, plan.shape.n_layers) == (96, 3)
    assert np.isfinite(plan.settings.learning_rate)
