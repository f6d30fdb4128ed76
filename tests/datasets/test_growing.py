"""A split that grows: old rows keep their part, nothing leaks, and new rows come near to 80/10/10."""

import numpy as np
import pytest

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import parse_smiles
from moldesign.datasets.growing import NEW, TEST, TRAIN, VALID, deal_newcomers
from moldesign.datasets.splits import group_by_cluster, scaffold_split

CORES = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCNCC1", "C1CCOC1", "c1ccoc1", "c1ccsc1", "C1CCC1", "C1CC1", "c1cncnc1"]
BRIDGES = ["", "C", "O", "CC", "CO", "NC", "C(=O)N", "S"]
RINGS = [f"{left}{bridge}{right}" for left in CORES[:5] for bridge in BRIDGES for right in CORES[5:]]
SMILES = [f"{tail}{ring}" for ring in RINGS for tail in ("C", "CC")]


def deal(kind, parts, *, old_kinds=("scaffold",), seed=0, times=None):
    rng = np.random.default_rng(seed)
    return deal_newcomers(np.array(parts), SMILES, kind, rng, old_kinds=old_kinds, times=times)


def split_old(is_old):
    """Return parts of the old rows by scaffold, others new."""
    parts = np.full(len(SMILES), NEW)
    old = np.flatnonzero(is_old)
    split = scaffold_split([SMILES[row] for row in old], rng=np.random.default_rng(1))
    for part, rows in zip((TRAIN, VALID, TEST), split, strict=True):
        parts[old[rows]] = part
    return parts


def test_old_rows_keep_their_part_and_every_row_has_one():
    parts = split_old(np.arange(len(SMILES)) % 3 > 0)
    for kind in ("scaffold", "random", "cluster"):
        split = deal(kind, parts)
        assert sorted(np.concatenate(split).tolist()) == list(range(len(SMILES)))
        for part, rows in enumerate(split):
            assert (parts[rows][parts[rows] != NEW] == part).all()


def test_no_scaffold_is_in_two_parts():
    parts = split_old(np.random.default_rng(0).random(len(SMILES)) < 0.6)
    split = deal("scaffold", parts)
    scaffolds = [{murcko_scaffold(mol) for mol in parse_smiles([SMILES[row] for row in rows]).mols} for rows in split]
    assert (parts[split.test] == NEW).any()
    assert not scaffolds[0] & scaffolds[2]
    assert not scaffolds[0] & scaffolds[1]
    assert not scaffolds[1] & scaffolds[2]


def test_a_new_molecule_of_a_tested_scaffold_is_tested_however_new_ones_are_split():
    parts = split_old(np.arange(len(SMILES)) % 2 == 0)  # of each scaffold one molecule is old, one is new
    tested = np.flatnonzero(parts == TEST)
    for kind in ("scaffold", "random", "time"):
        split = deal(kind, parts, times=np.arange(len(SMILES), dtype=float))
        assert set(tested + 1) <= set(split.test.tolist())


def test_a_scaffold_of_an_earlier_split_is_heeded_by_a_later_one():
    parts = split_old(np.arange(len(SMILES)) % 2 == 0)
    tested = np.flatnonzero(parts == TEST) + 1
    free = deal("random", parts, old_kinds=["random"])
    bound = deal("random", parts, old_kinds=["random", "scaffold"])
    assert not set(tested) <= set(free.test.tolist())
    assert set(tested) <= set(bound.test.tolist())


def test_clusters_are_kept_apart_from_what_is_learned():
    parts = split_old(np.arange(len(SMILES)) % 3 == 0)
    split = deal("cluster", parts, old_kinds=["cluster"])
    learned = set(split.train.tolist())
    for rows in group_by_cluster(SMILES):
        new_tests = [row for row in rows if parts[row] == NEW and row in set(split.test.tolist())]
        assert not new_tests or TEST in parts[rows] or not learned & set(rows.tolist())


@pytest.mark.parametrize("kind", ["scaffold", "random", "time"])
def test_new_rows_are_dealt_80_10_10_where_they_are_free(kind):
    parts = np.full(len(SMILES), NEW)
    parts[:4] = [TRAIN, TRAIN, TEST, TEST]
    split = deal(kind, parts, times=np.arange(len(SMILES), dtype=float))
    sizes = [(parts[rows] == NEW).sum() for rows in split]
    assert sum(sizes) == len(SMILES) - 4
    np.testing.assert_allclose(np.array(sizes) / sum(sizes), [0.8, 0.1, 0.1], atol=0.02)


def test_the_newest_are_tested_by_time():
    parts = np.full(len(SMILES), NEW)
    parts[:40] = TRAIN
    times = np.random.default_rng(0).permutation(len(SMILES)).astype(float)
    split = deal("time", parts, old_kinds=["time"], times=times)
    assert times[split.test].min() > times[[row for row in split.train if parts[row] == NEW]].max()
    with pytest.raises(ValueError, match="needs the time"):
        deal("time", parts, old_kinds=["time"])


def test_the_rest_goes_to_the_tests_where_most_are_bound_to_training():
    parts = np.full(len(SMILES), NEW)
    parts[: len(SMILES) - 40 : 2] = TRAIN  # their scaffolds bind the row after each
    split = deal("scaffold", parts)
    is_free = np.arange(len(SMILES)) >= len(SMILES) - 40
    assert is_free[split.test].sum() + is_free[split.valid].sum() == 40
    assert min(is_free[split.test].sum(), is_free[split.valid].sum()) >= 15


def test_the_same_seed_deals_alike():
    parts = split_old(np.arange(len(SMILES)) % 3 > 0)
    first, second, other = (deal("random", parts, seed=seed) for seed in (0, 0, 1))
    assert all((one == two).all() for one, two in zip(first, second, strict=True))
    assert first.test.tolist() != other.test.tolist()
