"""What the columns mean, and where exotic atoms go."""

import numpy as np
import pytest
from rdkit import Chem

from moldesign.graphs import count_features, featurize_smiles

ELEMENT, DEGREE, CHARGE, HYDROGENS, HYBRIDIZATION = (
    slice(0, 38),
    slice(38, 45),
    slice(45, 51),
    slice(51, 57),
    slice(57, 65),
)
RING_SIZES, AROMATIC, IN_RING, MASS, IS_S, IS_R = slice(65, 71), 71, 72, 73, 74, 75
ONE_HOT = [ELEMENT, DEGREE, CHARGE, HYDROGENS, HYBRIDIZATION]
BOND_TYPE, CONJUGATED, BOND_IN_RING, STEREO = slice(0, 4), 4, 5, slice(6, 13)


def read_atoms(smiles):
    return featurize_smiles([smiles]).graphs.atoms


def test_the_columns_are_all_named_here():
    assert count_features() == (IS_R + 1, STEREO.stop)


@pytest.mark.parametrize("block", ONE_HOT, ids=["element", "degree", "charge", "hydrogens", "hybridization"])
def test_every_atom_has_one_slot_of_each_block(block, named_drugs):
    exotic = ["[Og]", "[Lr]", "[U+6]", "[C+9]", "[CH9]", "*", "[H][H]", "F[U](F)(F)(F)(F)(F)(F)F", "[Fe]<-N", "[999Xe]"]
    atoms = featurize_smiles([*exotic, *named_drugs.values()]).graphs.atoms[:, block]
    np.testing.assert_array_equal(atoms.sum(axis=1), 1)


def test_exotic_elements_share_the_other_slot():
    oganesson, lawrencium, carbon = (read_atoms(text)[0, ELEMENT] for text in ("[Og]", "[Lr]", "C"))
    np.testing.assert_array_equal(oganesson, lawrencium)
    assert oganesson.argmax() == 37
    assert carbon.argmax() != 37


def test_exotic_charges_share_the_other_slot():
    slots = [int(read_atoms(text)[0, CHARGE].argmax()) for text in ("[C+9]", "[C-9]", "[C+]", "[C-]", "C", "[C+2]")]
    assert slots[0] == slots[1] == 5
    assert len(set(slots)) == 5


def test_ring_membership_is_that_of_rdkit(named_drugs):
    cyclododecane, tether = "C1CCCCCCCCCCC1", "C1CC1CCC1CCCC1"
    for text in [*named_drugs.values(), cyclododecane, tether]:
        graphs, mol = featurize_smiles([text]).graphs, Chem.MolFromSmiles(text)
        np.testing.assert_array_equal(graphs.atoms[:, IN_RING], [atom.IsInRing() for atom in mol.GetAtoms()])
        np.testing.assert_array_equal(graphs.atoms[:, AROMATIC], [a.GetIsAromatic() for a in mol.GetAtoms()])
        in_ring = [mol.GetBondBetweenAtoms(*pair).IsInRing() for pair in graphs.edges.T.tolist()]
        np.testing.assert_array_equal(graphs.bonds[:, BOND_IN_RING], in_ring)


def test_ring_sizes_3_to_8_have_a_column_and_larger_ones_none():
    sizes = {n: read_atoms(f"C1{'C' * (n - 1)}1")[0] for n in range(3, 13)}
    for n, atom in sizes.items():
        assert np.flatnonzero(atom[RING_SIZES]).tolist() == ([n - 3] if n <= 8 else [])
        assert atom[IN_RING] == 1
    spiro = read_atoms("C12(CC1)CCCC2")[0]
    assert np.flatnonzero(spiro[RING_SIZES]).tolist() == [0, 2]


@pytest.mark.parametrize("smiles", ["[Fe]<-N", "[Cr]$[Cr]", "C~C", "c1ccccc1"])
def test_rare_bonds_share_the_slot_of_aromatic_ones(smiles):
    types = featurize_smiles([smiles]).graphs.bonds[:, BOND_TYPE]
    assert np.unique(types, axis=0).tolist() == [[0, 0, 0, 1]]


def test_both_directions_of_a_bond_have_the_same_features():
    graphs = featurize_smiles(["CC=CC#N"]).graphs
    pairs = list(map(tuple, graphs.edges.T.tolist()))
    for (source, target), features in zip(pairs, graphs.bonds, strict=True):
        np.testing.assert_array_equal(features, graphs.bonds[pairs.index((target, source))])
    assert graphs.bonds[:, BOND_TYPE].sum(axis=0).tolist() == [4, 2, 2, 0]


@pytest.mark.parametrize(("smiles", "label"), [("C[C@H](N)C(=O)O", IS_S), ("C[C@@H](N)C(=O)O", IS_R)])
def test_alanine_has_the_cip_label_of_its_enantiomer(smiles, label):
    atoms = read_atoms(smiles)[:, [IS_S, IS_R]]
    assert atoms.sum() == 1
    assert atoms[1, label - IS_S] == 1


def test_e_and_z_differ_in_the_double_bond_alone():
    trans, cis = (featurize_smiles([text]).graphs for text in ("C/C=C/C", "C/C=C\\C"))
    np.testing.assert_array_equal(trans.atoms, cis.atoms)
    differs = (trans.bonds != cis.bonds).any(axis=1)
    np.testing.assert_array_equal(differs, trans.bonds[:, 1] == 1)
    assert not (trans.bonds != cis.bonds)[:, : STEREO.start].any()


def test_heavier_atoms_have_larger_masses():
    masses = read_atoms("CNOFI")[:, MASS]
    assert (np.diff(masses) > 0).all()
