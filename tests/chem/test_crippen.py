"""The quick logP is RDKit's, to the last bit."""

import pytest
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcCrippenDescriptors

from moldesign.chem import crippen
from moldesign.chem.crippen import logp
from moldesign.chem.smiles import Mol, require_mols

ODD = [
    "",
    "[H][H]",
    "[2H]C",
    "C",
    "CO[2H]",
    "*CC",
    "[Na+].[Cl-]",
    "N->[Pt](Cl)Cl",
    "[Fe]",
    "C[B-](F)(F)F",
    "[O-][n+]1ccccc1",
    "CN=[N+]=[N-]",
    "CN=[N+]=NC",
    "O=[N+]([O-])c1ccccc1",
    "O=[CH]O",
    "O=Cc1ccccc1",
    "O=C=O",
    "NC(=O)NO",
    "OC=C",
    "OOC",
    "CS(=O)(=O)[O-]",
    "C[S+](C)[O-]",
    "C#N",
    "C=C=C",
    "FC(F)(F)c1ccccc1Br",
    "[CH3-]",
    "c1cc[se]c1",
]


def compute_by_rdkit(mol: Mol) -> float:
    return float(CalcCrippenDescriptors(mol)[0])


@pytest.mark.parametrize("smiles", ODD)
def test_odd_molecules(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    assert logp(mol) == compute_by_rdkit(Chem.Mol(mol))


def test_drugs_and_their_hydrogens(drug_mols: dict[str, Mol]) -> None:
    for mol in drug_mols.values():
        for form in (mol, Chem.AddHs(mol)):
            assert logp(form) == compute_by_rdkit(Chem.Mol(form))


def test_training_molecules_of_a_bundled_model() -> None:
    from moldesign.predictors.bundled import load_predictor  # noqa: PLC0415

    mols = require_mols(load_predictor("admet").domain.smiles[::40])
    assert len(mols) > 300
    assert [logp(mol) for mol in mols] == [compute_by_rdkit(Chem.Mol(mol)) for mol in mols]


def test_what_is_known_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crippen, "_MOST_KNOWN", 3)
    monkeypatch.setattr(crippen, "_contributions", {})
    for mol in require_mols(["CCO", "CCN", "c1ccccc1Cl", "CCO"]):
        assert logp(mol) == compute_by_rdkit(Chem.Mol(mol))
        assert len(crippen._contributions) <= 3 + mol.GetNumAtoms()
