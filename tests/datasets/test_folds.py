"""Folds: every molecule is tested once, and nothing of its group is in the training part."""

import numpy as np
import pytest

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.datasets.folds import fold_rows, split_rows
from moldesign.datasets.splits import (
    balanced_split,
    group_by_cluster,
    group_by_scaffold,
    random_split,
    time_split,
)

RINGS = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CC1", "c1ccc2ccccc2c1", "C1CCNCC1", "c1ccsc1", "C1CCC1", "c1ccoc1"]
SMILES = ["C" * n + ring for ring in RINGS for n in range(1, 7)]
TIMES = np.random.default_rng(1).permutation(len(SMILES)).astype(float)


def make_rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("kind", ["random", "scaffold", "cluster"])
@pytest.mark.parametrize("n_folds", [2, 3, 5])
def test_every_molecule_is_tested_once(kind: str, n_folds: int) -> None:
    folds = fold_rows(kind, SMILES, n_folds, make_rng())
    assert len(folds) == n_folds
    assert sorted(np.concatenate([split.test for split in folds]).tolist()) == list(range(len(SMILES)))
    for split in folds:
        assert sorted(np.concatenate(split).tolist()) == list(range(len(SMILES)))
        assert min(map(len, split)) > 0
        assert all(part.dtype == np.int64 for part in split)


@pytest.mark.parametrize("n_folds", [2, 4])
def test_no_scaffold_is_in_two_parts(n_folds: int) -> None:
    scaffolds = np.array([murcko_scaffold(mol) for mol in require_mols(SMILES)])
    for split in fold_rows("scaffold", SMILES, n_folds, make_rng()):
        train, valid, test = (set(scaffolds[part].tolist()) for part in split)
        assert len(train | valid | test) == len(train) + len(valid) + len(test)


def test_folds_are_about_equal() -> None:
    sizes = [len(split.test) for split in fold_rows("random", SMILES, 4, make_rng())]
    assert max(sizes) - min(sizes) <= 1
    [split, *_] = fold_rows("random", SMILES, 3, make_rng())
    assert len(split.valid) == len(SMILES) * 2 // 3 // 8


def test_the_past_predicts_the_future() -> None:
    folds = fold_rows("time", SMILES, 3, make_rng(), TIMES)
    tested = np.concatenate([split.test for split in folds])
    assert len(set(tested.tolist())) == len(tested) < len(SMILES)
    for split in folds:
        assert TIMES[split.train].max() < TIMES[split.valid].min()
        assert TIMES[split.valid].max() < TIMES[split.test].min()


def test_random_folds_repeat_with_the_seed() -> None:
    first, second = (fold_rows("random", SMILES, 3, make_rng()) for _ in range(2))
    other = fold_rows("random", SMILES, 3, np.random.default_rng(1))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_the_kind_of_a_split_is_chosen_by_name() -> None:
    expected = {
        "random": random_split(len(SMILES), make_rng()),
        "scaffold": balanced_split(group_by_scaffold(SMILES), make_rng()),
        "cluster": balanced_split(group_by_cluster(SMILES), make_rng()),
        "time": time_split(TIMES),
    }
    for kind, split in expected.items():
        chosen = split_rows(kind, SMILES, make_rng(), TIMES)
        assert all(np.array_equal(a, b) for a, b in zip(chosen, split, strict=True)), kind


def test_molecules_that_share_one_scaffold_cannot_be_validated_apart() -> None:
    folds = fold_rows("scaffold", ["C" * n + "c1ccccc1" for n in range(6)] + ["C1CC1"], 2, make_rng())
    assert [(len(split.train), len(split.valid), len(split.test)) for split in folds] == [(1, 0, 6), (6, 0, 1)]


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the time of each molecule"):
        split_rows("time", SMILES, make_rng())
    with pytest.raises(ValueError, match="2 folds or more, not 1"):
        fold_rows("random", SMILES, 1, make_rng())
