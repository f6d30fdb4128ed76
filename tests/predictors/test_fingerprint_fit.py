"""Forests and kernel regressions beside an ensemble: half of one share each, decided by unseen molecules."""

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.datasets.splits import Split
from moldesign.predictors import fingerprint_fit, forest_fit
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from moldesign.predictors.fingerprint_fit import FingerprintLearner
from moldesign.predictors.forest import mix_outputs
from moldesign.predictors.forest_fit import ForestLearner

ALCOHOLS = [f"{'C' * n}O" for n in range(1, 21)]
ALKANES = ["C" * n for n in range(1, 21)]
SMILES = [*ALCOHOLS, *ALKANES]
CLASS = Endpoint("alcohol", "classification", "probability", "")
SPLIT = Split(
    np.concatenate([np.arange(3, 16), np.arange(23, 36)]), np.array([16, 17, 36, 37]), np.array([18, 19, 38, 39])
)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(forest_fit, "N_TREES", 15)


def make_learner() -> FingerprintLearner:
    labels = np.column_stack([[1.0] * 20 + [0.0] * 20, np.arange(40.0)])
    endpoints = [CLASS, fit_endpoint("size", "regression", labels[:, 1])]
    return FingerprintLearner(ForestLearner(SMILES, labels, endpoints, seed=0))


def test_a_split_is_mixed_with_models_that_have_not_seen_it():
    outputs = np.zeros((2, 4, 2), dtype=np.float32)
    result = make_learner().blend_split(SPLIT, outputs, outputs)
    assert result.valid.shape == result.test.shape == (2, 4, 2)
    assert (result.test[:, :2, 0] > 0).all()
    assert (result.test[:, 2:, 0] < 0).all()
    assert result.blend.shares[0] > 0.5  # the networks, which say nothing, are worth less


def test_the_limit_is_that_of_the_whole_table(monkeypatch):
    monkeypatch.setattr(fingerprint_fit, "MAX_KERNEL_LABELS", 39)
    assert not make_learner().fit(SPLIT.train, np.ones(2, dtype=np.float32)).has_kernel.any()


@pytest.mark.parametrize("limit", [39, 40])
def test_a_predictor_mixes_what_was_tested(monkeypatch, limit):
    """Above the limit the forest has the whole share; up to it the regression has half."""
    monkeypatch.setattr(fingerprint_fit, "MAX_KERNEL_LABELS", limit)
    learner, every, shares = make_learner(), np.arange(40), np.array([0.25, 1.0], dtype=np.float32)
    blend = learner.fit(every, shares)
    forest, kernel = blend.attach(fit_domain(SMILES, learner.forests.labels, rng=np.random.default_rng(0)))
    assert (kernel is None) == (limit < 40)
    outputs = np.random.default_rng(0).normal(size=(3, 40, 2)).astype(np.float32)
    mixed, mols = forest.mix(outputs, require_mols(SMILES)), require_mols(SMILES)
    if kernel is not None:
        mixed = kernel.mix(mixed, mols)
        assert kernel.shares.tolist() == [0.125, 0.5]
    np.testing.assert_allclose(mixed, mix_outputs(outputs, learner.predict(blend, every), shares), atol=1e-4)


def test_a_column_without_labels_is_left_to_the_forest_of_the_others():
    learner = make_learner()
    learner.forests.labels[:20, 1] = np.nan
    blend = learner.fit(np.arange(25), np.ones(2, dtype=np.float32))
    assert blend.has_kernel.tolist() == [True, True]
    assert not blend.kernel.weights[:20, 1].any()
    assert blend.kernel.weights[20:, 1].all()
