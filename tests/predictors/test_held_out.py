"""Held-out predictions: every molecule once, by an ensemble that knows nothing of its scaffold."""

import numpy as np

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.predictors.held_out import predict_held_out

SMILES = [f"{'C' * n}{ring}" for ring in ("c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCOC1", "O") for n in range(1, 7)]
SCAFFOLDS = np.array([murcko_scaffold(mol) for mol in require_mols(SMILES)])


def run(predict, n_folds=3):
    return predict_held_out(SMILES, n_folds, predict, rng=np.random.default_rng(0))


def test_no_ensemble_has_seen_the_scaffolds_that_it_predicts():
    calls = []

    def predict(fold, rows, held_out):
        calls.append((fold, rows, held_out))
        return np.zeros((2, len(held_out), 1), dtype=np.float32)

    run(predict)
    assert [fold for fold, _, _ in calls] == [0, 1, 2]
    for _, rows, held_out in calls:
        assert not set(SCAFFOLDS[rows]) & set(SCAFFOLDS[held_out])
        assert sorted([*rows, *held_out]) == list(range(len(SMILES)))
    assert sorted(np.concatenate([held_out for _, _, held_out in calls])) == list(range(len(SMILES)))


def test_each_row_gets_the_mean_and_spread_of_its_own_fold():
    fold_of = np.full(len(SMILES), -1)

    def predict(fold, rows, held_out):
        fold_of[held_out] = fold
        first = np.column_stack([held_out, np.full(len(held_out), fold)])
        return np.stack([first, first + np.array([2, 4])]).astype(np.float32)

    found = run(predict)
    np.testing.assert_array_equal(found.mean, np.column_stack([np.arange(len(SMILES)) + 1, fold_of + 2]))
    np.testing.assert_array_equal(found.std, np.broadcast_to([1.0, 2.0], found.std.shape))
    assert found.mean.dtype == found.std.dtype == np.float32
