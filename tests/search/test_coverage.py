"""Molecules with pieces that were not tried yet."""

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.search.coverage import Coverage, find_paths

TYPICAL = ["CCO", "CCN", "CCCC", "c1ccccc1C", "c1ccccc1O"]


@pytest.fixture
def coverage():
    return Coverage(require_mols(TYPICAL))


def test_what_was_tried_is_no_longer_chosen(coverage):
    mols = require_mols(["CCO", "CCN", "CCF"])
    coverage.mark(require_mols(["CCO", "CCCN"]))
    assert coverage.choose(mols, 1) == [2]


def test_each_choice_leaves_its_pieces_to_none_after_it(coverage):
    mols = require_mols(["c1ccccc1CC", "c1ccccc1CC", "CCN"])
    assert coverage.choose(mols, 2) == [0, 2]


def test_a_choice_alone_does_not_count_as_tried(coverage):
    mols = require_mols(["c1ccccc1CC", "CCN"])
    assert coverage.choose(mols, 2) == coverage.choose(mols, 2)


def test_common_pieces_come_before_odd_ones(coverage):
    assert coverage.choose(require_mols(["P[Se]", "CO"]), 1) == [1]


def test_each_step_takes_the_greatest_gain(coverage):
    """The lazy search chooses what a search through all gains chooses."""
    mols = require_mols(["CCO", "CCCO", "c1ccccc1CCO", "CCCCN", "c1ccncc1C", "CC(C)O", "OCCN", "c1ccccc1"])
    counts: dict[int, int] = {}
    for mol in require_mols(TYPICAL):
        for path in find_paths(mol).tolist():
            counts[path] = counts.get(path, 1) + 1
    left, expected, seen = list(range(len(mols))), [], set()

    def measure(row):
        paths = find_paths(mols[row]).tolist()
        return sum(counts.get(path, 1) ** 0.5 for path in paths if path not in seen) / len(paths) ** 0.5

    while left:
        row = max(left, key=lambda one: (measure(one), -one))
        expected.append(row)
        left.remove(row)
        seen.update(find_paths(mols[row]).tolist())
    assert coverage.choose(mols, 4) == expected[:4]
    assert sorted(coverage.choose(mols, 100)) == list(range(len(mols)))


def test_a_molecule_without_paths_is_the_last(coverage):
    assert coverage.choose(require_mols(["C", "CC"]), 2) == [1, 0]
    assert np.array_equal(find_paths(require_mols(["C"])[0]), [])
