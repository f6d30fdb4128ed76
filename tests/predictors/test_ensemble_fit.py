"""An ensemble for a split: other seeds, other encoders, the same rows, and outputs of the parts it has not learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moldesign.datasets.splits import Split
from moldesign.graphs import count_features, featurize_smiles
from moldesign.predictors import forest_fit
from moldesign.predictors.encoder import Encoder
from moldesign.predictors.endpoints import fit_endpoint
from moldesign.predictors.ensemble_fit import Bench, EnsemblePlan, fit_split
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.forest import mix_outputs
from moldesign.predictors.gnn import NetworkSettings
from moldesign.predictors.training import TrainingSet, TrainingSettings, apply_network
from moldesign.predictors.workload import Progress, Workload

SMILES = ["C" * n + end for n in range(1, 9) for end in ("O", "N", "F")]
LABELS = np.array([[float(len(text)), float("N" in text)] for text in SMILES])
ENDPOINTS = [fit_endpoint("length", "regression", LABELS[:, 0]), fit_endpoint("amine", "classification", LABELS[:, 1])]
SPLIT = Split(np.arange(18), np.arange(18, 21), np.arange(21, 24))
SHAPE = NetworkSettings(*count_features(), 2, hidden_size=8, n_layers=1)


def make_plan(encoder: Encoder | None = None) -> EnsemblePlan:
    return EnsemblePlan(SHAPE, TrainingSettings(n_epochs=2), 2, 7, encoder, with_forest=False)


@pytest.fixture
def seen() -> list[Progress]:
    return []


@pytest.fixture
def bench(tmp_path, seen):
    data = TrainingSet(featurize_smiles(SMILES).graphs, LABELS, ENDPOINTS)
    return Bench(LabelTable(SMILES, LABELS, SMILES), data, tmp_path, "cpu", Workload(2, 2, seen.append))


def test_members_differ_by_seed_and_encoder():
    weights = tuple({"embed_atoms.bias": torch.full((8,), float(member))} for member in range(2))
    plans = [
        make_plan(Encoder("x", SHAPE, weights)).plan_member(member, SPLIT.train, SPLIT.valid) for member in range(3)
    ]
    assert [plan.seed for plan in plans] == [7, 8, 9]
    assert [plan.start["embed_atoms.bias"][0].item() for plan in plans] == [0.0, 1.0, 0.0]
    assert make_plan().plan_member(0, SPLIT.train, None).start is None


def test_outputs_of_the_other_parts_are_kept_per_network(bench, seen):
    fit = fit_split(bench, make_plan(), SPLIT, stage="fold 1 of 2", folder="split_1")
    assert (fit.valid.shape, fit.test.shape) == ((2, 3, 2), (2, 3, 2))
    graphs = bench.data.graphs.select(SPLIT.test)
    for outputs, finished in zip(fit.test, fit.networks, strict=True):
        np.testing.assert_array_equal(outputs, apply_network(finished.network, graphs))
        assert all(epoch.valid is not None for epoch in finished.curve)
    assert [(progress.stage, progress.network) for progress in seen] == [("fold 1 of 2", n) for n in (1, 1, 2, 2)]


def test_models_of_fingerprints_are_mixed_into_both_parts(bench, seen, monkeypatch):
    monkeypatch.setattr(forest_fit, "N_TREES", 10)
    plain = fit_split(bench, make_plan(), SPLIT, stage="training", folder="split_1")
    mixed = fit_split(bench, replace(make_plan(), with_forest=True), SPLIT, stage="training", folder="split_1")
    told = bench.plan_fingerprints(7).predict(mixed.beside, SPLIT.test)
    np.testing.assert_array_equal(mixed.test, mix_outputs(plain.test, told, mixed.beside.shares))
    assert (mixed.valid != plain.valid).any()
    assert plain.beside is None
    assert seen[-1].stage == "learning fingerprints"


def test_networks_are_put_away(bench, seen):
    first = fit_split(bench, make_plan(), SPLIT, stage="training", folder="split_1")
    seen.clear()
    again = fit_split(bench, make_plan(), SPLIT, stage="training", folder="split_1")
    assert seen == []
    np.testing.assert_array_equal(again.test, first.test)
