"""Unusual atoms are found wherever they stand, and no drug has one."""

import pytest
from rdkit import Chem

from moldesign.chem.unusual import has_unusual_atom


@pytest.mark.parametrize(
    "smiles",
    [
        "[Fe]",
        "N[Pt](N)(Cl)Cl",
        "C[As](C)(=O)O",
        "c1ccccc1[Hg]OC(C)=O",
        "[CH3]",
        "C[C]C",
        "CC1(C)CCCC(C)(C)N1[O]",
        "[13CH4]",
        "[2H]C([2H])([2H])Oc1ccccc1",
        "c1cc[14cH]cc1",
        "*CCO",
        "[Na+]",
    ],
)
def test_unusual(smiles):
    assert has_unusual_atom(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize("smiles", ["C[N+](C)(C)CC(=O)[O-]", "OB(O)c1ccccc1", "C[Si](C)(C)C", "C[Se]C", "IC(F)(Br)Cl"])
def test_usual(smiles):
    assert not has_unusual_atom(Chem.MolFromSmiles(smiles))


def test_drugs_are_usual(named_drugs):
    parents = {name: text for name, text in named_drugs.items() if "." not in text}
    assert not [name for name, text in parents.items() if has_unusual_atom(Chem.MolFromSmiles(text))]
