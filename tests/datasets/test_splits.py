"""Splits: every row once, no scaffold in two parts, nothing hidden in the order of calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols
from moldesign.datasets.splits import Split, group_by_scaffold, random_split, scaffold_split
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


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidSmilesError, match="row 1"):
        scaffold_split(["CCO", "C(C"])
    with pytest.raises(ValueError, match="sum 1"):
        random_split(10, np.random.default_rng(0), (0.8, 0.1, 0.2))
