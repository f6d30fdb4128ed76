"""Stereocentres: counted where there are two forms, at the corners of cages, too."""

import pytest
from rdkit import Chem

from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.chem.stereo import find_stereo

SAME_AS_MIRROR_IMAGE = {
    "amantadine": "NC12CC3CC(CC(C3)C1)C2",
    "memantine": "CC12CC3CC(C)(C1)CC(N)(C3)C2",
    "adapalene": "COc1ccc(cc1C12CC3CC(CC(C3)C1)C2)-c1ccc2cc(ccc2c1)C(=O)O",
    "2-adamantylamine": "NC1C2CC3CC(C2)CC1C3",
    "ethylideneadamantane": "CC=C1C2CC3CC(C2)CC1C3",
    "bicyclopentane amino acid": "NC12CC(C1)(C2)C(=O)O",
    "cubane acid": "OC(=O)C12C3C4C5C3C1C5C24",
    "norbornane": "C1CC2CCC1C2",
    "7-norbornanol": "OC1C2CCC1CC2",
    "bicyclooctane": "C1CC2CCC1CC2",
    "quinuclidine": "C1CN2CCC1CC2",
    "DABCO": "C1CN2CCN1CC2",
    "hexamine": "C1N2CN3CN1CN(C2)C3",
    "varenicline": "C1C2CNCC1c1cc3nccnc3cc12",
    "cineole": "CC1(C)OC2(C)CCC1CC2",
    "two cages": "C(NC12CC3CC(CC(C3)C1)C2)C12CCC(CC1)CC2",
}
DROPPED_PARTLY = {
    "rimantadine": ("CC(N)C12CC3CC(CC(C3)C1)C2", 1),
    "vildagliptin": ("N#CC1CCCN1C(=O)CNC12CC3CC(CC(O)(C3)C1)C2", 1),
    "saxagliptin": ("NC(C(=O)N1C(C#N)CC2CC21)C12CC3CC(CC(O)(C3)C1)C2", 4),
    "3-quinuclidinol": ("OC1CN2CCC1CC2", 1),
}
KEPT = {
    "5-hydroxy-2-adamantylamine": ("NC1C2CC3(O)CC(C2)CC1C3", 5),
    "1,4-cyclohexanediol": ("OC1CCC(O)CC1", 2),
    "1,4-dimethylcyclohexane": ("CC1CCC(C)CC1", 2),
    "decalin": ("C1CCC2CCCCC2C1", 2),
    "cocaine": ("COC(=O)C1C(OC(=O)c2ccccc2)CC2CCC1N2C", 4),
    "atropine": ("CN1C2CCC1CC(OC(=O)C(CO)c1ccccc1)C2", 4),
    "granisetron": ("CN1C2CCCC1CC(NC(=O)c1nn(C)c3ccccc13)C2", 3),
    "camphor": ("CC1(C)C2CCC1(C)C(=O)C2", 2),
    "epibatidine": ("Clc1ccc(cn1)C1CC2CCC1N2", 3),
    "norborneol": ("OC1CC2CCC1C2", 3),
    "7-methylnorbornene": ("CC1C2CCC1C=C2", 3),
    "morphine": ("CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5", 5),
}


@pytest.mark.parametrize("smiles", SAME_AS_MIRROR_IMAGE.values(), ids=SAME_AS_MIRROR_IMAGE)
def test_the_corners_of_an_achiral_cage_are_no_stereocentres(smiles: str) -> None:
    assert not find_stereo(require_mols([smiles])[0])


@pytest.mark.parametrize(("smiles", "n"), [*DROPPED_PARTLY.values(), *KEPT.values()], ids=[*DROPPED_PARTLY, *KEPT])
def test_what_has_two_forms_is_counted_however_the_atoms_are_numbered(smiles: str, n: int) -> None:
    mol = require_mols([smiles])[0]
    texts = [canonicalize(mol), *Chem.MolToRandomSmilesVect(mol, 10, randomSeed=1)]

    assert [len(find_stereo(one)) for one in require_mols(texts)] == [n] * 11


def test_what_is_written_at_the_real_centre_is_all_that_is_known_of_vildagliptin() -> None:
    (centre,) = find_stereo(require_mols(["N#C[C@@H]1CCCN1C(=O)CNC12CC3CC(CC(O)(C3)C1)C2"])[0])

    assert centre.specified == Chem.StereoSpecified.Specified


@pytest.mark.parametrize(
    ("smiles", "n"),
    [("CN(C)C(=N)NC(=N)N", 0), ("NC(=N)NC(=O)Cc1c(Cl)cccc1Cl", 0), ("CC(=NO)c1ccccc1", 1), ("CC=NC", 1)],
    ids=["metformin", "guanfacine", "oxime", "imine of an amine"],
)
def test_a_double_bond_to_nh_has_no_forms(smiles: str, n: int) -> None:
    assert len(find_stereo(require_mols([smiles])[0])) == n
