"""Ring systems and surroundings of atoms: the same for the same part of any molecule, and for no other."""

import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.atom_graph import join_atoms
from moldesign.chem.parts import find_ring_systems, find_surroundings
from moldesign.chem.smiles import require_mols
from tests.conftest import NAMED_DRUGS


def list_rings(smiles: str) -> list[int]:
    return sorted(find_ring_systems(join_atoms(require_mols([smiles]))).codes.tolist())


def list_surroundings(smiles: str) -> list[int]:
    return sorted(find_surroundings(join_atoms(require_mols([smiles]))).codes.tolist())


@pytest.mark.parametrize(
    ("drug", "n_systems"),
    [("aspirin", 1), ("ibuprofen", 1), ("metformin", 0), ("morphine", 1), ("haloperidol", 3), ("imatinib", 5)],
)
def test_fused_bridged_and_spiro_rings_are_one_system(drug: str, n_systems: int) -> None:
    assert len(list_rings(NAMED_DRUGS[drug])) == n_systems


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cc1ccccc1", "OC(=O)c1ccc(F)cc1"),
        ("C1CCNCC1", "CC[NH+]1CCC(O)CC1"),
        ("c1nnn[nH]1", "Cn1cnnn1"),
        ("C[C@@H]1CC[C@H](O)CC1", "C1CCCCC1"),
        ("O=C1CCCN1", "CCN1CC(C)CC1=O"),
    ],
)
def test_substituents_charges_tautomers_and_stereo_do_not_count(one: str, other: str) -> None:
    assert list_rings(one) == list_rings(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C1CCCCC1", "c1ccccc1"),
        ("O=C1CCCN1", "C1CCNC1"),
        ("c1ccncc1", "c1ccccc1"),
        ("c1cnccn1", "c1cncnc1"),
        ("C1CCC2CCCCC2C1", "C1CCC2CCCC2CC1"),  # decalin and perhydroazulene: as many atoms of each degree
        ("C12C3C4C1C5C4C3C25", "C12C3C4C1C1C2C4C31"),  # cubane and cuneane: all atoms have three neighbours
        ("C1CCCCCCC1", "C1CCCCCCCC1"),
        ("O=C1CCC=CC1", "O=C1C=CCCC1"),
    ],
)
def test_different_ring_systems_have_different_codes(one: str, other: str) -> None:
    assert list_rings(one) != list_rings(other)


def test_parts_depend_neither_on_the_order_of_atoms_nor_on_the_company() -> None:
    rng = np.random.default_rng(0)
    drugs = require_mols(list(NAMED_DRUGS.values()))
    shuffled = [Chem.RenumberAtoms(mol, rng.permutation(mol.GetNumAtoms()).tolist()) for mol in drugs]
    for find in (find_ring_systems, find_surroundings):
        together = find(join_atoms(shuffled))
        for number, mol in enumerate(drugs):
            alone = sorted(find(join_atoms([mol])).codes.tolist())
            assert sorted(together.codes[together.owner == number].tolist()) == alone


def test_every_atom_has_surroundings_and_equal_atoms_have_equal_ones() -> None:
    assert len(set(list_surroundings("c1ccccc1"))) == 1
    assert len(list_surroundings(NAMED_DRUGS["imatinib"])) == require_mols([NAMED_DRUGS["imatinib"]])[0].GetNumAtoms()
    assert list_surroundings("CC(=O)O") != list_surroundings("CC(O)O")


def test_surroundings_reach_to_the_neighbours_bonds_and_no_further() -> None:
    methyl = {text: set(list_surroundings(text)) for text in ("CCCCCF", "CCCCCCl", "CC(F)CC")}
    chain = set(list_surroundings("CCCCCC"))
    assert len(methyl["CCCCCF"] & chain) == 3  # its end, the next atom, and those in the middle
    assert methyl["CCCCCF"] - methyl["CCCCCCl"]
    assert methyl["CC(F)CC"] - chain


def test_odd_molecules_have_parts() -> None:
    graph = join_atoms(require_mols(["C", "[Na+].[Cl-]", "[NH3][Pt]([NH3])(Cl)Cl", "C1CC1.CCO"]))
    assert find_ring_systems(graph).owner.tolist() == [3]
    assert np.bincount(find_surroundings(graph).owner).tolist() == [1, 2, 5, 6]
    assert find_ring_systems(join_atoms([])).codes.size == 0
