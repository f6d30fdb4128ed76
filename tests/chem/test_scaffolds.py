import numpy as np
import pytest

from moldesign.chem.scaffolds import generic_scaffold, murcko_scaffold
from moldesign.chem.smiles import Mol, parse_smiles, randomize_smiles, require_mols

PHOSPHORANE = "c1ccc2c(c1)OP1(O2)(Oc2ccccc2O1)c1ccccc1"


@pytest.mark.parametrize(
    ("name", "murcko", "generic"),
    [
        ("aspirin", "c1ccccc1", "C1CCCCC1"),
        ("metformin", "", ""),
        ("caffeine", "O=c1[nH]c(=O)c2[nH]cnc2[nH]1", "C1CCC2CCCC2C1"),
        ("haloperidol", "O=C(CCCN1CCC(c2ccccc2)CC1)c1ccccc1", "C1CCC(CCCCC2CCC(C3CCCCC3)CC2)CC1"),
        ("penicillin_g", "O=C(Cc1ccccc1)NC1C(=O)N2CCSC12", "C1CCC(CCCC2CC3CCCC23)CC1"),
        ("diclofenac_sodium", "c1ccc(Nc2ccccc2)cc1", "C1CCC(CC2CCCCC2)CC1"),
    ],
)
def test_named_drugs(name: str, murcko: str, generic: str, drug_mols: dict[str, Mol]):
    assert murcko_scaffold(drug_mols[name]) == murcko
    assert generic_scaffold(drug_mols[name]) == generic


def test_stereo_and_isotopes_make_no_new_scaffold():
    mols = require_mols(["C[C@H]1CCC[C@@H]1C", "C[C@@H]1CCC[C@@H]1C", "CC1CCC[13CH]1C", "CC1CC=CC1"])
    assert [murcko_scaffold(mol) for mol in mols] == ["C1CCCC1"] * 3 + ["C1=CCCC1"]
    assert {generic_scaffold(mol) for mol in mols} == {"C1CCCC1"}


def test_an_atom_too_crowded_for_carbon_becomes_a_wildcard():
    [phosphorane] = require_mols([PHOSPHORANE])
    scaffold = generic_scaffold(phosphorane)
    assert scaffold.count("*") == 1
    assert parse_smiles([scaffold]).is_valid.all()


def test_scaffold_of_a_scaffold_is_itself(drug_mols: dict[str, Mol]):
    for mol in drug_mols.values():
        for extract in (murcko_scaffold, generic_scaffold):
            if scaffold := extract(mol):
                assert extract(require_mols([scaffold])[0]) == scaffold


def test_scaffold_does_not_depend_on_the_atom_order(drug_mols: dict[str, Mol]):
    rng = np.random.default_rng(0)
    for mol in drug_mols.values():
        [shuffled] = require_mols([randomize_smiles(mol, rng)])
        assert murcko_scaffold(shuffled) == murcko_scaffold(mol)
        assert generic_scaffold(shuffled) == generic_scaffold(mol)


@pytest.mark.data
def test_scaffolds_of_measured_compounds_are_molecules(measured_smiles: list[str]):
    mols = [mol for mol in parse_smiles(measured_smiles).mols if mol]
    murcko, generic = ({extract(mol) for mol in mols} - {""} for extract in (murcko_scaffold, generic_scaffold))
    assert parse_smiles(sorted(generic)).is_valid.all()
    assert (
        parse_smiles(sorted(murcko)).is_valid.mean() > 0.99
    )  # RDKit cannot kekulize some scaffolds of metal complexes


def test_marks_at_a_double_bond_that_loses_a_substituent_do_no_harm():
    marked, plain = require_mols(["O=C(C)N/N=C/C(Br)=C/c1ccccc1", "O=C(Cc1cc(=O)[nH][nH]1)N/N=C/C(Cl)=C/c1ccccc1"])
    assert murcko_scaffold(marked) == "c1ccccc1"
    assert murcko_scaffold(plain) == "O=C(Cc1cc(=O)[nH][nH]1)NN=CC=Cc1ccccc1"
