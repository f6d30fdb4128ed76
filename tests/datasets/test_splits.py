"""Splits: every row once, no scaffold in two parts, nothing hidden in the order of calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.datasets import splits as splits_module
from moldesign.datasets.splits import (
    CLUSTER_SIMILARITY,
    Split,
    balanced_split,
    group_by_cluster,
    group_by_scaffold,
    random_split,
    scaffold_split,
    time_split,
)
from moldesign.errors import InvalidSmilesError

RINGS = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CC1", "c1ccc2ccccc2c1", "C1CCNCC1", "c1ccsc1"]
FRACTIONS = st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.9, 0.0, 0.1), (1.0, 0.0, 0.0)])


def assert_covers(split: Split, n_rows: int) -> None:
    assert sorted(np.concatenate(split).tolist()) == list(range(n_rows))
    assert all(list(part) == sorted(part) and part.dtype == np.int64 for part in split)


@given(st.integers(0, 200), FRACTIONS, st.integers(0, 9))
def test_random_split_holds_every_row_once(n_rows: int, fractions: tuple[float, float, float], seed: int) -> None:
    split = random_split(n_rows, np.random.default_rng(seed), fractions)
    assert_covers(split, n_rows)
    assert abs(len(split.train) - n_rows * fractions[0]) <= 1


def test_random_split_repeats_with_the_seed() -> None:
    first, second = (random_split(50, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@given(
    st.lists(st.tuples(st.sampled_from(RINGS), st.integers(0, 4)), min_size=1, max_size=40),
    FRACTIONS,
    st.booleans(),
)
def test_no_scaffold_is_in_two_parts(
    molecules: list[tuple[str, int]], fractions: tuple[float, float, float], shuffled: bool
) -> None:
    smiles = ["C" * length + ring for ring, length in molecules]
    split = scaffold_split(smiles, fractions, np.random.default_rng(0) if shuffled else None)
    assert_covers(split, len(smiles))
    scaffolds = [murcko_scaffold(mol) for mol in require_mols(smiles)]
    parts = [{scaffolds[row] for row in part} for part in split]
    assert len(parts[0] | parts[1] | parts[2]) == sum(len(part) for part in parts)


def test_scaffold_split_gives_the_largest_scaffolds_to_training() -> None:
    smiles = ["C1CC1", *["C" * n + "c1ccccc1" for n in range(8)], "C1CCCCC1"]
    split = scaffold_split(smiles)
    assert list(split.train) == list(range(1, 9))
    assert (list(split.valid), list(split.test)) == ([0], [9])


def test_groups_are_ordered_by_size_then_row() -> None:
    groups = group_by_scaffold(["C1CC1", "CCO", "CC", "c1ccccc1"])
    assert [list(rows) for rows in groups] == [[1, 2], [0], [3]]


def test_one_chemical_series_is_trained_on_and_the_outsiders_are_tested() -> None:
    smiles = [*["C" * n + "c1ccccc1" for n in range(18)], "C1CCCCC1", "C1CC1"]
    split = scaffold_split(smiles)
    assert list(split.train) == list(range(18))
    assert list(split.valid) + list(split.test) == [18, 19]


def test_a_few_large_scaffolds_leave_one_for_validation() -> None:
    sizes = {"c1ccccc1": 12, "C1CC1": 8, "C1CCCCC1": 8}
    split = scaffold_split(["C" * n + ring for ring, size in sizes.items() for n in range(size)])
    assert [len(part) for part in split] == [12, 8, 8]
    assert [len(part) for part in scaffold_split(["C" * n + "C1CC1" for n in range(9)])] == [9, 0, 0]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    smiles = ["C" * n + ring for n in range(4) for ring in RINGS]
    whole = group_by_scaffold(smiles), group_by_cluster(smiles)
    monkeypatch.setattr(splits_module, "_BLOCK", 5)
    for before, after in zip(whole, (group_by_scaffold(smiles), group_by_cluster(smiles)), strict=True):
        assert [list(rows) for rows in before] == [list(rows) for rows in after]
    with pytest.raises(InvalidSmilesError, match="row 28"):
        group_by_scaffold([*smiles, "C(C"])


def test_molecules_of_a_cluster_are_similar_to_its_centre() -> None:
    smiles = ["C" * n + ring + end for n in range(1, 6) for ring in RINGS for end in ("", "O", "N")]
    groups = group_by_cluster(smiles)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(smiles)))
    assert 1 < len(groups) < len(smiles)
    bits = morgan_bits(require_mols(smiles))
    for rows in groups:
        assert tanimoto(bits[rows], bits[rows]).min(axis=1).max() >= CLUSTER_SIMILARITY  # one of them is the centre


def test_balanced_parts_do_not_follow_the_order_of_the_table() -> None:
    groups = [np.arange(20), *(np.array([row]) for row in range(20, 100))]
    first, second, other = (balanced_split(groups, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert_covers(first, 100)
    assert set(range(20)) <= set(first.train.tolist())
    assert [len(part) for part in first] == [80, 10, 10]
    assert first.test.min() < 40
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first.test, other.test)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=40), FRACTIONS)
def test_no_group_is_in_two_balanced_parts(sizes: list[int], fractions: tuple[float, float, float]) -> None:
    owner = np.repeat(np.arange(len(sizes)), sizes)
    groups = [np.flatnonzero(owner == group) for group in range(len(sizes))]
    split = balanced_split(groups, np.random.default_rng(0), fractions)
    assert_covers(split, len(owner))
    parts = [set(owner[part].tolist()) for part in split]
    assert len(parts[0] | parts[1] | parts[2]) == sum(map(len, parts))


def test_an_empty_table_has_no_cluster() -> None:
    assert group_by_cluster([]) == []


def test_the_newest_molecules_are_tested() -> None:
    times = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 8.0, 6.0, 7.0, 7.0])
    split = time_split(times, (0.6, 0.2, 0.2))
    assert_covers(split, 10)
    assert times[split.train].max() <= times[split.valid].min()
    assert times[split.test].tolist() == [9.0, 8.0]
    assert list(split.valid) == [8, 9]


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidSmilesError, match="row 1"):
        scaffold_split(["CCO", "C(C"])
    with pytest.raises(ValueError, match="sum 1"):
        random_split(10, np.random.default_rng(0), (0.8, 0.1, 0.2))
