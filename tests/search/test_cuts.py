"""Cuts: every cut splits the molecule, and zipping the sides gives the molecule back."""

import numpy as np
import pytest
from rdkit import Chem

from moldesign.search.children import ChildLimits
from moldesign.search.crossover import cross_chains, cross_rings
from moldesign.search.cuts import relabel, zip_pieces
from moldesign.search.dice import Dice
from moldesign.search.parents import Parent, ParentCache, prepare_parent
from tests.search.odd_molecules import DRUGS, ODD

LIMITS = ChildLimits()
PARENTS = [parent for smiles in [*DRUGS, *ODD.values()] if (parent := prepare_parent(smiles, LIMITS)) is not None]
NAMES = [parent.smiles for parent in PARENTS]


def write(mol):
    Chem.SanitizeMol(mol)
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return Chem.MolToSmiles(mol)


@pytest.mark.parametrize("parent", PARENTS, ids=NAMES)
def test_zipped_sides_of_a_chain_cut_are_the_molecule(parent):
    for bond in parent.chain_bonds:
        first, second = parent.cut_chain(bond)
        assert first.n_heavy + second.n_heavy == parent.n_heavy
        assert write(zip_pieces(first.mol, second.mol)) == parent.smiles


@pytest.mark.parametrize("parent", PARENTS, ids=NAMES)
def test_zipped_sides_of_a_ring_cut_are_the_molecule(parent):
    for n_atoms, arcs in parent.ring_arcs.items():
        for arc in arcs:
            half = parent.cut_ring(arc)
            sides = {id(side.mol): side for side in parent._ring_halves[arc.bonds].values()}
            assert len(sides) == 2
            assert half.n_heavy >= n_atoms
            assert sum(side.n_heavy for side in sides.values()) == parent.n_heavy
            assert write(zip_pieces(*(side.mol for side in sides.values()))) == parent.smiles


@pytest.mark.parametrize("parent", PARENTS, ids=NAMES)
def test_zipped_core_and_frame_are_the_molecule(parent):
    for n_cuts, pieces in parent.piece_cuts.items():
        for cut in pieces:
            piece = parent.cut_piece(cut)
            assert len(cut.bonds) == n_cuts == len(piece.core_ends) == len(piece.frame_ends)
            assert piece.n_core + piece.n_frame == parent.n_heavy
            assert write(zip_pieces(piece.frame, piece.core)) == parent.smiles


def test_ring_arcs_are_all_pairs_of_bonds_that_split_the_molecule():
    for smiles in ("c1ccc2ccccc2c1", "C1CCC2(CC1)CCNC2", "C1C2CC3CC1CC(C2)C3", "c1ccc(-c2ccncc2)cc1"):
        parent = prepare_parent(smiles, LIMITS)
        found = {arc.bonds for arcs in parent.ring_arcs.values() for arc in arcs}
        pairs = [(a, b) for a in parent.ring_bonds for b in parent.ring_bonds if a < b]
        splitting = {
            pair
            for pair in pairs
            if len(Chem.GetMolFrags(Chem.FragmentOnBonds(parent.mol, pair, addDummies=False))) == 2
        }
        assert found == splitting


def test_aspirin_falls_into_its_brics_parts():
    parent = prepare_parent("CC(=O)Oc1ccccc1C(=O)O", LIMITS)
    cores = {Chem.MolToSmiles(parent.cut_piece(cut).core) for cuts in parent.piece_cuts.values() for cut in cuts}
    assert cores == {"[1*]C(C)=O", "[1*]O[2*]", "[1*]C1=CC=CC=C1[2*]", "[1*]C(=O)O"}


def test_labels_and_orders_are_replaced():
    parent = prepare_parent("C1CCCCC1", LIMITS)
    half = parent.cut_ring(parent.ring_arcs[3][0])
    assert Chem.MolToSmiles(relabel(half.mol, {1: 7, 2: 8}, {1: 2, 2: 1})) in ("[7*]=CCC[8*]", "[8*]CCC=[7*]")


def test_nitro_groups_are_not_torn_apart():
    parent = prepare_parent(ODD["nitro"], LIMITS)
    assert [parent.bonds[bond][:2] for bond in parent.chain_bonds] == [(1, 3)]


@pytest.mark.parametrize("name", ["empty", "no_smiles", "metal", "attachment", "radical", "carbene", "proton"])
def test_what_cannot_breed_is_no_parent(name):
    assert prepare_parent(ODD[name], LIMITS) is None


def test_salts_breed_by_their_largest_part_and_labels_are_dropped():
    assert prepare_parent(ODD["hydrochloride"], LIMITS).smiles == "CCN(CC)CC"
    assert prepare_parent(ODD["isotope"], LIMITS).smiles == "CC(O)c1ccccc1"


def test_the_cache_forgets_the_oldest_and_the_offered():
    cache = ParentCache(LIMITS, capacity=2)
    first = cache.find("CCO")
    cache.find("CCN")
    assert cache.find("CCO") is first
    cache.find("CCC")
    assert cache.find("CCO") is first
    cache.find("CCN")
    assert cache.find("CCC") is not None
    assert cache.find("CCO") is not first


def test_cage_whose_rings_are_not_all_found_is_not_cut_in_vain():
    parent = prepare_parent("OC12C34CC56C3C51C462", LIMITS)
    halves = [parent.cut_ring(arc) for arcs in parent.ring_arcs.values() for arc in arcs]
    assert None in halves, "RDKit finds more rings now: another cage is needed here"
    children = [cross_rings(parent, parent, LIMITS, Dice(np.random.default_rng(seed))) for seed in range(50)]
    assert any(child is not None for child in children)


def test_a_bond_of_a_cage_that_is_taken_for_one_outside_rings_is_not_cut():
    parent = prepare_parent("ClC1O[N+]23[N+]45C=[NH+][C@H]6[C@H]4[C@H]4OC5C46C4C5=C1C2O[C@@H]5[C@H]43", LIMITS)
    sides = [parent.cut_chain(bond) for bond in parent.chain_bonds]
    assert () in sides, "RDKit finds more rings now: another cage is needed here"
    children = [cross_chains(parent, parent, LIMITS, Dice(np.random.default_rng(seed))) for seed in range(50)]
    assert any(child is not None for child in children)


def test_a_mark_that_an_edit_left_at_no_stereo_bond_does_not_hide_the_centres():
    mol = Chem.RWMol(Chem.MolFromSmiles("C=C=NSC[C@H](O)F"))
    bond = mol.GetBondWithIdx(1)
    bond.SetStereoAtoms(0, 1)
    bond.SetStereo(Chem.BondStereo.STEREOE)
    with pytest.raises(ValueError, match="controlling atom"):
        Chem.FindPotentialStereo(mol)
    assert Parent("C=C=NSC[C@H](O)F", mol, has_fixed_hydrogens=False).stereo_centres == [5]
