"""Pieces of named drugs, and of molecules that are hard to cut."""

import pytest
from rdkit import Chem

from moldesign.evaluation.pieces import cut_fragments, find_ring_systems, find_scaffold

PENICILLIN_G = "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O"
SPIRO = "C1CCC2(CC1)OCCO2"


@pytest.mark.parametrize(
    ("smiles", "systems"),
    [
        ("CCO", []),
        ("CC(=O)Oc1ccccc1C(=O)O", ["c1ccccc1"]),
        (PENICILLIN_G, ["C1CN2CCSC12", "c1ccccc1"]),
        (SPIRO, ["C1CCC2(CC1)OCCO2"]),
        ("c1ccccc1-c1ccccc1", ["c1ccccc1"]),
        ("C1CC2CCC1C2", ["C1CC2CCC1C2"]),
    ],
)
def test_ring_systems_are_rings_that_share_atoms(smiles: str, systems: list[str]) -> None:
    found = find_ring_systems(Chem.MolFromSmiles(smiles))
    assert sorted(map(Chem.CanonSmiles, found)) == sorted(map(Chem.CanonSmiles, systems))


def test_a_charge_makes_another_ring_system_and_a_hydrogen_does_not() -> None:
    pyridine, pyridinium, pyrrole, methylpyrrole, oxopyridine = (
        find_ring_systems(Chem.MolFromSmiles(text))
        for text in ("c1ccncc1", "C[n+]1ccccc1", "c1cc[nH]c1", "Cn1cccc1", "O=c1cccc[nH]1")
    )
    assert pyridine != pyridinium
    assert pyrrole == methylpyrrole
    assert oxopyridine == pyridine


def test_ring_systems_do_not_depend_on_the_order_of_atoms() -> None:
    mol = Chem.MolFromSmiles(PENICILLIN_G)
    for seed in range(1, 20):
        again = Chem.MolFromSmiles(Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)[0])
        assert find_ring_systems(again) == find_ring_systems(mol)


def test_scaffolds_of_one_ring_are_not_counted() -> None:
    assert find_scaffold(Chem.MolFromSmiles("CCO")) is None
    assert find_scaffold(Chem.MolFromSmiles("Cc1ccccc1")) is None
    assert find_scaffold(Chem.MolFromSmiles("Cc1ccccc1C1CC1")) == "c1ccc(C2CC2)cc1"


def test_a_molecule_without_brics_bonds_is_one_fragment() -> None:
    assert cut_fragments(Chem.MolFromSmiles("c1ccccc1")) == ["c1ccccc1"]
    assert cut_fragments(Chem.MolFromSmiles("[Na+].[Cl-]")) == ["[Cl-]", "[Na+]"]
