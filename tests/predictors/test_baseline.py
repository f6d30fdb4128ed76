"""The forest: learns what fingerprints show, on the scale of the endpoint, the same for the same seed."""

import numpy as np
import pytest

from moldesign.metrics import compute_auroc, compute_spearman
from moldesign.predictors import baseline
from moldesign.predictors.baseline import predict_by_forest
from moldesign.predictors.endpoints import Endpoint, fit_endpoint

SMILES = [start + "C" * n + end for n in range(1, 9) for start in ("O", "N", "c1ccccc1") for end in ("O", "N", "F")]
LENGTHS = np.array([float(len(text)) for text in SMILES])
AROMATIC = np.array([float("c" in text) for text in SMILES])
TRAIN, TEST = np.arange(0, 72, 2), np.arange(1, 72, 2)


def predict(endpoint, labels, *, seed=0):
    train, test = ([SMILES[row] for row in rows] for rows in (TRAIN, TEST))
    return predict_by_forest(endpoint, train, labels[TRAIN], test, seed=seed)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(baseline, "N_TREES", 30)


def test_a_regression_is_learned():
    predicted = predict(fit_endpoint("length", "regression", LENGTHS), LENGTHS)
    assert compute_spearman(LENGTHS[TEST], predicted.values) > 0.8


def test_a_log_scale_is_learned_as_such():
    decades = 10.0 ** (LENGTHS / 4)
    predicted = predict(fit_endpoint("decades", "regression", decades, log_scale=True), decades)
    assert compute_spearman(decades[TEST], predicted.values) > 0.8
    assert predicted.values.min() >= decades.min() * 0.99


def test_a_classification_is_learned_with_a_threshold():
    predicted = predict(Endpoint("aromatic", "classification", "", ""), AROMATIC)
    assert compute_auroc(AROMATIC[TEST], predicted.values) == 1.0
    assert ((predicted.values >= predicted.threshold) == (AROMATIC[TEST] == 1)).mean() > 0.9


def test_one_class_is_predicted_as_it_is():
    predicted = predict(Endpoint("aromatic", "classification", "", ""), np.zeros(72))
    assert predicted.values.tolist() == [0.0] * 36
    assert predicted.threshold == 0.5


def test_the_seed_and_the_blocks_change_nothing_else(monkeypatch):
    endpoint = fit_endpoint("length", "regression", LENGTHS)
    first = predict(endpoint, LENGTHS).values
    monkeypatch.setattr(baseline, "_BLOCK", 7)
    np.testing.assert_array_equal(predict(endpoint, LENGTHS).values, first)
    assert not np.array_equal(predict(endpoint, LENGTHS, seed=1).values, first)


def test_nothing_to_predict():
    predicted = predict_by_forest(fit_endpoint("x", "regression", LENGTHS), SMILES[:9], LENGTHS[:9], [], seed=0)
    assert predicted.values.shape == (0,)


def test_a_large_training_set_is_sampled(monkeypatch):
    seen = []

    def count(smiles):
        seen.append(len(smiles))
        return np.eye(36)[: len(smiles)]

    monkeypatch.setattr(baseline, "MAX_TRAINING_ROWS", 9)
    monkeypatch.setattr(baseline, "_count_fragments", count)
    predict(fit_endpoint("length", "regression", LENGTHS), LENGTHS)
    assert seen[0] == 9
