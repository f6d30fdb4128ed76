"""Children: molecules, canonical, within limits, whatever the parents; and the same for the same generator."""

import gzip

import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.smiles import canonicalize, parse_smiles, require_mols
from moldesign.search.children import ChildLimits, finish_child
from moldesign.search.crossover import cross_chains, cross_rings, exchange_pieces
from moldesign.search.dice import Dice
from moldesign.search.genetic import Breeder, BreedingSettings, draw_rank
from moldesign.search.kernels import encode_counts
from moldesign.search.mutation import (
    append_atom,
    change_bond_order,
    change_stereo,
    close_ring,
    delete_atom,
    insert_atom,
    open_ring,
    replace_atom,
)
from moldesign.search.parents import prepare_parent
from tests.search.odd_molecules import DRUGS, ODD

LIMITS = ChildLimits()
MUTATIONS = (
    append_atom,
    change_bond_order,
    change_stereo,
    close_ring,
    delete_atom,
    insert_atom,
    open_ring,
    replace_atom,
)
CROSSINGS = (cross_chains, cross_rings, exchange_pieces)


def prepare(smiles):
    parent = prepare_parent(smiles, LIMITS)
    assert parent is not None
    return parent


def finish(edited, *parents, limits=LIMITS):
    if edited is None:
        return None
    largest = max(parent.largest_ring for parent in parents)
    return finish_child(edited, limits, largest_ring=largest, has_stereo=any(p.has_stereo for p in parents))


def mutants(mutation, smiles, n=60, limits=LIMITS):
    parent, dice = prepare(smiles), Dice(np.random.default_rng(0))
    children = (finish(mutation(parent, limits, dice), parent, limits=limits) for _ in range(n))
    return {child.smiles for child in children if child is not None}


def crossed(cross, first, second, n=60, limits=LIMITS):
    parents, dice = (prepare(first), prepare(second)), Dice(np.random.default_rng(0))
    children = (finish(cross(*parents, limits, dice), *parents, limits=limits) for _ in range(n))
    return {child.smiles for child in children if child is not None}


def require_sound(smiles, limits=LIMITS):
    for text, mol in zip(smiles, require_mols(list(smiles)), strict=True):
        assert canonicalize(mol) == text
        assert "." not in text
        assert limits.allow_size(mol.GetNumHeavyAtoms())
        assert {atom.GetSymbol() for atom in mol.GetAtoms()} <= set(limits.elements)
        assert not any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())


@pytest.mark.parametrize("smiles", [*ODD.values()], ids=[*ODD])
def test_no_parent_is_too_odd(smiles):
    children = Breeder().breed([smiles, DRUGS[0], DRUGS[8]], 40, np.random.default_rng(0))
    assert len(children) >= 20
    require_sound(children)


@pytest.mark.parametrize("smiles", [*ODD.values()], ids=[*ODD])
def test_every_operator_takes_every_parent(smiles):
    parent, other, dice = prepare_parent(smiles, LIMITS), prepare(DRUGS[5]), Dice(np.random.default_rng(1))
    if parent is None:
        return
    mutated = [finish(mutation(parent, LIMITS, dice), parent) for mutation in MUTATIONS for _ in range(25)]
    pairs = ((parent, other), (other, parent), (parent, parent))
    mixed = [finish(cross(*pair, LIMITS, dice), *pair) for cross in CROSSINGS for pair in pairs for _ in range(15)]
    require_sound({child.smiles for child in [*mutated, *mixed] if child is not None})


@pytest.mark.data
def test_children_of_zinc_are_canonical_molecules(data_folder):
    with gzip.open(data_folder / "zinc250k" / "zinc250k_molopt.smi.gz", "rt") as file:
        library = [line.split()[0] for _, line in zip(range(200), file, strict=False)]
    children = Breeder().breed(library, 600, np.random.default_rng(0))
    assert len(children) == 600
    require_sound(children)
    assert not set(children) & set(library)


def test_fingerprints_of_children_are_those_of_their_smiles():
    children = Breeder().breed(DRUGS, 150, np.random.default_rng(3))
    read = encode_counts(require_mols(list(children)))
    assert (encode_counts(list(children.values())).rows != read.rows).nnz == 0


def test_the_same_generator_breeds_the_same_children():
    def breed(seed):
        return list(Breeder().breed(DRUGS, 60, np.random.default_rng(seed)))

    assert breed(0) == breed(0) != breed(1)


def test_a_search_does_not_depend_on_what_was_bred_before():
    experienced = Breeder()
    litter = experienced.breed(DRUGS, 50, np.random.default_rng(5))
    experienced.forget_children()
    parents = [*litter, *DRUGS]
    again = experienced.breed(parents, 50, np.random.default_rng(6))
    assert list(again) == list(Breeder().breed(parents, 50, np.random.default_rng(6)))


def test_children_have_no_fixed_hydrogens():
    # `adopt_child` relies on it: such an atom would become a radical where a later edit takes a bond away.
    zwitterions = ["[NH3+]C(Cc1c[nH]c2ccccc12)C(=O)[O-]", "C[C@H]([NH3+])c1nc[nH]n1", *DRUGS]
    children = Breeder().breed(zwitterions, 300, np.random.default_rng(0))
    fixed = {atom.GetSymbol() for mol in children.values() for atom in mol.GetAtoms() if atom.GetNoImplicit()}
    assert fixed == set()


def test_limits_are_kept():
    limits = ChildLimits(min_heavy_atoms=8, max_heavy_atoms=20, elements=("C", "N", "O"), max_ring_size=6)
    children = Breeder(BreedingSettings(limits=limits)).breed(DRUGS, 150, np.random.default_rng(0))
    assert len(children) == 150
    require_sound(children, limits)
    rings = [len(ring) for mol in require_mols(list(children)) for ring in mol.GetRingInfo().AtomRings()]
    assert max(rings) <= 6


def test_nothing_comes_of_nothing():
    breeder, rng = Breeder(), np.random.default_rng(0)
    assert breeder.breed([], 10, rng) == {}
    assert breeder.breed(["no molecule", "[Na+]"], 10, rng) == {}


def test_parents_are_drawn_log_uniformly_by_rank():
    dice = Dice(np.random.default_rng(0))
    ranks = np.array([draw_rank(999, dice) for _ in range(6_000)])
    assert ranks.min() == 0
    assert 900 < ranks.max() <= 998
    shares = [np.mean(ranks < bound) for bound in (9, 99)]
    assert shares == pytest.approx([1 / 3, 2 / 3], abs=0.03)
    assert {draw_rank(1, dice) for _ in range(50)} == {0}


def test_side_chains_are_exchanged():
    assert crossed(cross_chains, "c1ccccc1C(F)(F)F", "c1ccncc1Cl", n=200) >= {"Clc1ccccc1", "FC(F)(F)c1cccnc1"}


def test_rings_are_exchanged_and_stay_aromatic():
    children = crossed(cross_rings, "c1ccccc1", "c1ccncc1", n=100)
    assert "c1ccncc1" in children
    assert "c1cncnc1" not in children  # only one of the parents has a nitrogen
    assert all(len(ring) in (5, 6) for mol in require_mols(list(children)) for ring in mol.GetRingInfo().AtomRings())


def test_parts_between_brics_bonds_are_exchanged():
    children = crossed(exchange_pieces, "c1ccccc1CCOc1ccncc1", "FC(F)(F)C(=O)NC1CCC1", n=200)
    require_sound(children)
    assert children >= {"c1ccc(CCNc2ccncc2)cc1", "O=C(CCOc1ccncc1)C(F)(F)F"}
    assert not any("NO" in child or "ON" in child for child in children)


def test_stereochemistry_outside_the_cut_stays():
    children = crossed(cross_chains, "C[C@H](O)CCc1ccccc1", "CCCl", n=100)
    assert "CCCC[C@H](C)O" in children or "CCCC[C@@H](C)O" in children
    centres = [Chem.FindMolChiralCenters(mol) for mol in require_mols([c for c in children if "[C@" in c])]
    assert centres
    assert all(len(found) == 1 for found in centres)


@pytest.mark.parametrize(
    ("mutation", "parent", "expected"),
    [
        (append_atom, "c1ccccc1", {"Cc1ccccc1", "Nc1ccccc1", "Oc1ccccc1", "Fc1ccccc1"}),
        (insert_atom, "CCCC", {"CCCCC", "CCNCC", "CCCOC", "CC=CCC"}),
        (delete_atom, "CC(C)CO", {"CCCO", "CC(C)C", "CC(C)O"}),
        (change_bond_order, "CCCC", {"C=CCC", "CC=CC", "C#CCC", "CC#CC"}),
        (open_ring, "C1CCCC1", {"CCCCC"}),
        (close_ring, "CCCCC", {"C1CCCC1"}),
        (replace_atom, "CCCC", {"CCCN", "CCNC", "CCOC", "CCCF"}),
        (change_stereo, "CC(O)CC", {"CC[C@H](C)O", "CC[C@@H](C)O"}),
    ],
)
def test_each_mutation_does_what_it_says(mutation, parent, expected):
    found = mutants(mutation, parent, n=300)
    assert found >= expected
    require_sound(found)


def test_benzene_opens_at_either_of_its_bonds():
    assert mutants(open_ring, "c1ccccc1") == {"C=CC=CC=C", "CC=CC=CC"}


def test_no_ring_bridges_a_benzene():
    children = mutants(close_ring, "CCc1cccc(C)c1", n=200)
    for mol in require_mols(list(children)):
        rings = [set(ring) for ring in mol.GetRingInfo().AtomRings()]
        assert all(len(a & b) <= 2 for a in rings for b in rings if a is not b)


def test_charged_atoms_keep_their_charge():
    for mutation in MUTATIONS:
        charges = {Chem.GetFormalCharge(mol) for mol in require_mols(list(mutants(mutation, "C[N+](C)(C)CCC(C)O")))}
        assert charges <= {0, 1}
    assert not any("[N-]" in child for child in mutants(replace_atom, "CCCC(=O)[O-]", n=100))


def test_children_of_drugs_parse_one_by_one():
    children = Breeder(BreedingSettings(mutation_share=0.5)).breed(DRUGS, 300, np.random.default_rng(9))
    assert parse_smiles(list(children)).is_valid.all()


@pytest.mark.parametrize("error", [ValueError("only can support 2 stereo neighbors"), RuntimeError("Invariant\nmore")])
def test_what_rdkit_refuses_costs_a_child_and_not_the_run(error, monkeypatch, caplog):
    calls = iter(range(10**6))

    def refuse_every_third(*_args):
        if next(calls) % 3 == 0:
            raise error
        return Breeder._finish(breeder, *_args)

    breeder = Breeder()
    monkeypatch.setattr(breeder, "_finish", refuse_every_third)
    children = breeder.breed(DRUGS, 50, np.random.default_rng(0))
    assert len(children) == 50
    assert len(caplog.messages) <= 2
    assert str(error).partition("\n")[0] in caplog.messages[0]


def test_an_error_of_our_own_ends_the_run(monkeypatch):
    breeder = Breeder()
    monkeypatch.setattr(breeder, "_finish", lambda *_args: {}["nothing"])
    with pytest.raises(KeyError):
        breeder.breed(DRUGS, 5, np.random.default_rng(0))
