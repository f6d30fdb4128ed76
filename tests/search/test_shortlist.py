"""Candidates that wait for the next round."""

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.errors import InvalidSmilesError
from moldesign.search.encoding import encode
from moldesign.search.gaussian_process import Belief
from moldesign.search.shortlist import Shortlist

NAMES = ["CCO", "CCN", "CCC", "c1ccccc1", "CC(=O)O"]


def keep(size: int, means: list[float], stds: list[float]) -> list[str]:
    shortlist = Shortlist(size)
    shortlist.keep(NAMES, Belief(np.array(means), np.array(stds)))
    return shortlist.smiles


def test_the_best_and_the_least_known_are_kept() -> None:
    kept = keep(2, means=[0.9, 0.1, 0.5, 0.2, 0.0], stds=[0.0, 0.1, 0.1, 0.1, 1.0])
    assert kept == ["CCO", "CC(=O)O"]


def test_no_more_than_there_are() -> None:
    assert sorted(keep(9, means=[0.1] * 5, stds=[0.1] * 5)) == sorted(NAMES)
    assert keep(0, means=[0.1] * 5, stds=[0.1] * 5) == []


def test_features_are_those_of_the_molecules() -> None:
    shortlist = Shortlist(3)
    shortlist.restore(NAMES[:2])
    first = shortlist.encode(NAMES[:2]).descriptors
    shortlist.restore(NAMES[1:4])
    features, expected = shortlist.encode(["CCC", "CCN"]), encode(require_mols(["CCC", "CCN"]))
    np.testing.assert_array_equal(features.descriptors, expected.descriptors)
    np.testing.assert_array_equal(features.counts.rows.toarray(), expected.counts.rows.toarray())
    np.testing.assert_array_equal(first[1], features.descriptors[1])


def test_what_is_no_molecule_is_refused() -> None:
    with pytest.raises(InvalidSmilesError, match="row 1"):
        Shortlist(3).restore(["CCO", "C(C"])
