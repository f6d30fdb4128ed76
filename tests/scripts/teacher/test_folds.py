"""Folds: every row once, no scaffold in two, sizes alike, repeated with the seed."""

import numpy as np
import pytest

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from scripts.teacher.folds import assign_folds
from tests.toy_task import make_rows

SMILES = make_rows(90, "regression").smiles + ["C" * n for n in range(1, 11)]


@pytest.mark.parametrize("n_folds", [2, 3, 5])
def test_no_scaffold_is_in_two_folds(n_folds):
    folds = assign_folds(SMILES, n_folds, seed=1)
    assert set(folds.tolist()) == set(range(n_folds))
    by_scaffold: dict[str, set[int]] = {}
    for mol, fold in zip(require_mols(SMILES), folds.tolist(), strict=True):
        by_scaffold.setdefault(murcko_scaffold(mol), set()).add(fold)
    assert all(len(found) == 1 for scaffold, found in by_scaffold.items() if scaffold)


def test_sizes_are_balanced_and_acyclic_molecules_fill_up():
    counts = np.bincount(assign_folds(SMILES, 4, seed=0))  # six scaffolds of 15, ten acyclic molecules
    assert counts.sum() == 100
    assert counts.max() == 30
    assert counts.min() == 20


def test_seed_decides():
    first, again, other = (assign_folds(SMILES, 3, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("n_folds", [1, 4])
def test_impossible_numbers_are_refused(n_folds):
    with pytest.raises(ValueError, match=f"{n_folds} folds of 3 molecules"):
        assign_folds(["C", "CC", "CCC"], n_folds, seed=0)
