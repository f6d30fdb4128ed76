"""The cuts are cuts of the drugs, and the figures are those of the molecules."""

import pytest

from benchmarks.design_modes import DRUGS, ENDS, SCAFFOLDS, average, count_good, measure, select
from moldesign.chem.groups import cut_groups, cut_linker
from moldesign.chem.open_points import read_ends, read_scaffold
from moldesign.chem.smiles import require_mols
from tests.policies.tiny_prior import make_wide_prior


@pytest.mark.parametrize("drug", sorted(SCAFFOLDS))
def test_a_drug_is_its_scaffold_and_groups(drug: str) -> None:
    scaffold, [mol] = read_scaffold(SCAFFOLDS[drug]), require_mols([DRUGS[drug]])
    groups = cut_groups(mol, scaffold, scaffold.find_in(mol)[0])
    assert groups is not None
    assert len(groups) == SCAFFOLDS[drug].count("*") >= 1


@pytest.mark.parametrize("drug", sorted(ENDS))
def test_a_drug_is_its_ends_and_a_linker(drug: str) -> None:
    [mol] = require_mols([DRUGS[drug]])
    assert cut_linker(mol, *read_ends(ENDS[drug])) is not None


def test_ten_drugs_per_mode_and_none_without_a_use() -> None:
    assert len(SCAFFOLDS) == len(ENDS) == 10
    assert DRUGS.keys() == SCAFFOLDS.keys() | ENDS.keys()
    assert select(ENDS, ["imatinib", "ibuprofen"]).keys() == {"imatinib"}


def test_figures() -> None:
    prior = make_wide_prior()
    for mode, cut in (("decoration", "Cc1ccc(*)cc1"), ("linker", "*c1ccccc1.*N")):
        figures = measure(mode, cut, prior, 8)
        assert figures["kept"] == figures["unique"] == 1
        assert 0 <= figures["quality"] <= figures["returned"] <= 1
        assert figures["returned"] > 0
    assert count_good(require_mols(["CC(=O)Nc1ccc(O)cc1", "Cc1ccc(cc1)C(=O)Nc1ccccc1", "C"])) == 1
    assert average([{"quality": 0.25}, {"quality": 0.5}]) == {"quality": 0.375}
