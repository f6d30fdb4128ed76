"""Rows that go straight to the network are the molecules that RDKit reads one by one."""

import numpy as np
import pytest

from moldesign.chem.smiles import canonicalize
from moldesign.graphs import featurize_smiles
from moldesign.screening.executor import Fall, Task
from moldesign.screening.marking import mark_nothing
from moldesign.screening.molecules import find_standard_text
from moldesign.screening.reading import read_graphs, read_rows
from tests.conftest import NAMED_DRUGS

ODD = [
    "C1CC",
    "",
    " CCO ",
    "CCO name",
    "CN(=O)=O",
    "C[NH3+].[Cl-]",
    "[Na+].[O-]C(=O)C",
    "c1cccc1",
    "CC(=O)O.CCN",
    "C" * 250,
    "N#N=C",
    "[13CH3]O",
    "C%10CCCCC%10",
    "\u00e9",
    "C[N+](C)(C)C",
    "C[NH3+]",
    "CC[NH3+]C",
    "O=C([O-])C[NH+](C)C",
    "c1c[nH]c[nH+]1",
    "C[NH+](C)[O-]",
    "C[C@H](N)O |o1:1|",
    "C[C@H](O)C[N+](C)(C)C |&1:1,r|",
    "C[NH3+].[Cl-] |f:0.1|",
    "C(C |o1:1|",
    "CCO |o1:1| name",
    "[Na]OC(=O)C",
    "[23Na]OC(=O)C",
    "[CH3:1][OH:2]",
    "[CH3:1][NH3+:2]",
]


@pytest.mark.parametrize("skipped", [{}, {1: Fall("malformed row", "3 cells"), 5: Fall("malformed row", "3 cells")}])
def test_molecules_reasons_and_graphs_are_those_of_reading_row_by_row(skipped: dict[int, Fall]) -> None:
    task = Task("a test", [*ODD, *NAMED_DRUGS.values(), *ODD[::-1]], falls=skipped)
    one_by_one, together = read_rows(task, mark_nothing), read_graphs(task, mark_nothing)
    assert together.falls == one_by_one.falls
    assert list(together.molecules) == list(one_by_one.molecules)
    for row, expected in one_by_one.molecules.items():
        got = together.molecules[row]
        assert (got.smiles, got.is_mixed) == (expected.smiles, expected.is_mixed)
        assert canonicalize(got.mol) == canonicalize(expected.mol)
    expected_graphs = featurize_smiles([one.smiles for one in one_by_one.molecules.values()]).graphs
    for got_part, part in zip(together.graphs, expected_graphs, strict=True):
        np.testing.assert_array_equal(got_part, part)


def test_extensions_of_cxsmiles_are_no_part_of_the_smiles() -> None:
    texts = ["C[C@H](N)O |o1:1|", "CC(N)O |&1:1,r|", "C(C |o1:1|", "CCO |o1:1| name"]
    read = read_rows(Task("a test", texts), mark_nothing)
    assert [canonicalize(one.mol) for one in read.molecules.values()] == ["C[C@H](N)O", "CC(N)O"]
    assert "'C(C' is not a valid SMILES (syntax error)" in read.falls[2].reason
    assert "it has a blank" in read.falls[3].reason


def test_rows_without_any_molecule_have_no_graphs() -> None:
    read = read_graphs(Task("a test", ["C1CC", ""]), mark_nothing)
    assert (read.molecules, len(read.graphs), sorted(read.falls)) == ({}, 0, [0, 1])


@pytest.mark.parametrize(
    "text",
    [
        "C[N+](C)(C)C",
        "C[NH+](C)[O-]",
        "[NH2-]",
        "CC.O",
        "C%10CC%10",
        "C" * 201,
        "CC O",
        "",
        "C>>O",
        "C|$;;$|",
        "[CH3:1]O",
    ],
)
def test_what_may_need_standardising_or_time_is_not_plain(text: str) -> None:
    assert find_standard_text(text) is None


def test_most_drugs_are_plain() -> None:
    assert np.mean([find_standard_text(text) is not None for text in NAMED_DRUGS.values()]) > 0.5
