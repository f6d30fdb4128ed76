import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.smiles import canonicalize, parse_smiles, randomize_smiles, require_mols
from moldesign.chem.standardize import neutralize_text, standardize_mol, standardize_smiles

EXAMPLES = {
    "sodium salt": ("[Na+].[O-]C(=O)C", "CC(=O)O"),
    "hydrochloride": ("CN(C)C(=N)N=C(N)N.Cl", "CN(C)C(=N)N=C(N)N"),
    "protonated pyridine": ("c1cc[nH+]cc1.[Br-]", "c1ccncc1"),
    "zwitterion": ("[NH3+]CC(=O)[O-]", "NCC(=O)O"),
    "acyl sulfonamide": ("CS(=O)(=O)[N-]C(C)=O.[K+]", "CC(=O)NS(C)(=O)=O"),
    "quaternary nitrogen keeps its charge": ("C[N+](C)(C)C.[Cl-]", "C[N+](C)(C)C"),
    "inner salt stays balanced": ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),
    "nitro group": ("O=[N+]([O-])c1ccccc1", "O=[N+]([O-])c1ccccc1"),
    "organic before inorganic": ("[O-]Cl(=O)(=O)=O.C[NH3+]", "CN"),
    "heavy atoms decide, not hydrogens": ("CCCCC.O=C(O)C(F)(F)F", "O=C(O)C(F)(F)F"),
    "nothing organic": ("[Na+].[Cl-]", "Cl"),
    "isotopes stay": ("[2H]C([2H])([2H])O", "[2H]C([2H])([2H])O"),
    "stereo stays": ("C[C@H]([NH3+])C(=O)[O-]", "C[C@H](N)C(=O)O"),
    "covalent sodium salt": ("[Na]OC(=O)C", "CC(=O)O"),
    "covalent magnesium salt": ("CC(=O)O[Mg]OC(C)=O", "CC(=O)O"),
    "sodium bonded to sulfur": ("[Na]Sc1ccccc1", "Sc1ccccc1"),
    "lithium amide": ("[Li]N(C)C", "CNC"),
    "covalent salt with its acid": ("[K]OC(=O)CC.CCC(=O)O", "CCC(=O)O"),
    "a carbon keeps its metal": ("C[Mg]Br", "[CH3][Mg][Br]"),
    "transition metals stay": ("[NH2][Pt]([NH2])(Cl)Cl", "[NH2][Pt]([NH2])([Cl])[Cl]"),
    "double bond stays": ("OC(=O)/C=C/C(=O)[O-].[Na+]", "O=C(O)/C=C/C(=O)O"),
}

MAPPED = {
    "[CH3:1][OH:2]": "CO",
    "[CH3:1][C@H:2]([NH2:3])[C:4](=[O:5])[OH:6]": "C[C@H](N)C(=O)O",
    "[CH3:1][C@H](O)[CH3:2]": "CC(C)O",
    "[NH3+:1][CH2:2]C.[Cl-:3]": "CCN",
    "[H:1][O:2]C": "CO",
    "[H:1]/[CH:2]=[CH:3]/C": "[H]/C=C/C",
    "[H:1]/[C:2](F)=[CH:3]/C": "C/C=C\\F",
    "[2H:1]OC": "[2H]OC",
    "[*:1]c1ccccc1": "*c1ccccc1",
}


@pytest.mark.parametrize(("text", "expected"), MAPPED.items(), ids=MAPPED)
def test_atom_map_numbers_go(text: str, expected: str):
    [mol] = require_mols([text])
    assert canonicalize(standardize_mol(mol)) == Chem.CanonSmiles(expected)
    assert canonicalize(mol) == canonicalize(require_mols([text])[0])


@pytest.mark.parametrize(("text", "expected"), EXAMPLES.values(), ids=EXAMPLES)
def test_examples(text: str, expected: str):
    [mol] = require_mols([text])
    assert canonicalize(standardize_mol(mol)) == expected


def test_stereo_that_a_proton_removes_leaves_no_mark():
    [mol] = require_mols(["C[P@](=O)([O-])O"])
    assert "@" not in canonicalize(standardize_mol(mol))


def test_a_molecule_that_needs_nothing_is_returned_as_it_is():
    [mol] = require_mols(["CC(=O)Oc1ccccc1C(=O)O"])
    assert standardize_mol(mol) is mol


def test_the_argument_is_not_changed():
    [mol] = require_mols(["[Na+].[O-]C(=O)C"])
    standardize_mol(mol)
    assert canonicalize(mol) == "CC(=O)[O-].[Na+]"


def test_rows_stay_in_place():
    result = standardize_smiles(["OCC.Cl", "C(C", None, "C[NH3+]"], first_row=10)
    assert result.smiles == ["CCO", None, None, "CN"]
    assert result.is_valid.tolist() == [True, False, False, True]
    assert [mol is None for mol in result.mols] == [False, True, True, False]
    assert result.errors[0] is None
    assert str(result.errors[1]).startswith("row 11: 'C(C'")


def test_switched_off_it_only_canonicalizes():
    assert standardize_smiles(["OCC.Cl", "C(C"], enabled=False).smiles == ["CCO.Cl", None]


def test_standard_form_is_stable_and_independent_of_the_writing(named_drugs: dict[str, str]):
    rng = np.random.default_rng(0)
    for text in [*named_drugs.values(), *(text for text, _ in EXAMPLES.values())]:
        [mol] = require_mols([text])
        [standard] = standardize_smiles([text]).smiles
        variants = [randomize_smiles(mol, rng) for _ in range(5)]
        assert standardize_smiles([standard, *variants]).smiles == [standard] * 6


@pytest.mark.data
def test_standard_form_of_measured_compounds_is_stable(measured_smiles: list[str]):
    result = standardize_smiles(measured_smiles)
    again = standardize_smiles(result.smiles)
    assert again.smiles == result.smiles
    assert result.is_valid.tolist() == parse_smiles(measured_smiles).is_valid.tolist()
    assert not any("." in smiles for smiles in result.smiles if smiles)


def test_an_aromatic_carbanion_that_no_proton_fits_keeps_its_charge():
    written = "CCC[c-]1c(=O)n2c(N(C)C)nc3ccc(C)cc3n2c1=O"
    [standardized] = standardize_smiles([written]).smiles
    assert Chem.MolFromSmiles(standardized) is not None
    assert standardized == Chem.CanonSmiles(written)


def charge(text: str) -> Chem.Mol:
    """Return a molecule with its amines protonated, and its carboxylic acids without their protons."""
    mol = Chem.MolFromSmiles(text)
    for pattern, change in (("[NX3;!$(N-[!#6;!#1]);!$(N-C=[!#6])]", 1), ("[OX2H1]-C=O", -1)):
        for atom, *_ in mol.GetSubstructMatches(Chem.MolFromSmarts(pattern)):
            changed = mol.GetAtomWithIdx(atom)
            changed.SetFormalCharge(change)
            changed.SetNumExplicitHs(changed.GetTotalNumHs() + change)
            changed.SetNoImplicit(True)
    Chem.SanitizeMol(mol)
    return mol


def test_charges_are_taken_from_the_text_as_from_the_molecule(named_drugs: dict[str, str]):
    rng, n_compared, charged = np.random.default_rng(0), 0, Chem.MolFromSmarts("[!+0]")
    for drug in named_drugs.values():
        mol = charge(drug)
        for written in (randomize_smiles(mol, rng) for _ in range(20)):
            neutral = neutralize_text(written)
            if neutral != written and not Chem.MolFromSmiles(neutral).HasSubstructMatch(charged):
                [standard] = standardize_smiles([written]).smiles
                assert Chem.CanonSmiles(neutral) == standard
                n_compared += 1
    assert n_compared > 100


def test_an_impossible_valence_stays_impossible():
    assert Chem.MolFromSmiles(neutralize_text("CC[NH3+]C")) is None
