"""Cuts of a molecule in Kekule form: at a bond outside rings, at two of a ring, around a part between BRICS bonds.

Dummy atoms mark the cuts; equal labels are zipped together again by `zip_pieces`.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import NamedTuple

from rdkit import Chem

from moldesign.chem.smiles import Mol


class ChainHalf(NamedTuple):
    """One side of a cut single bond outside rings; `[1*]` marks the cut."""

    mol: Mol
    n_heavy: int


class Cut(NamedTuple):
    """Where a part can be cut out of a molecule: a stretch of ring, or a part between BRICS bonds."""

    bonds: tuple[int, ...]
    atom: int
    """An atom of the part; it tells the part from the rest."""


class RingHalf(NamedTuple):
    """One side of a ring cut at two bonds; `[1*]` and `[2*]` mark the cuts."""

    mol: Mol
    n_heavy: int
    orders: tuple[int, int]
    """Orders of the two cut bonds."""
    n_hydrogens: tuple[int, int]
    """Hydrogens of the atom at each cut."""


class Piece(NamedTuple):
    """A part between cut bonds; `[1*]`, `[2*]`, ... mark the cuts in the part and in its frame."""

    core: Mol
    frame: Mol
    """The rest of the molecule: one fragment per cut."""
    n_core: int
    """Heavy atoms of the core."""
    n_frame: int
    core_ends: tuple[int, ...]
    """Atomic number of the core's atom at each cut."""
    frame_ends: tuple[int, ...]
    """Atomic number of the frame's atom at each cut."""


def cut_chain(mol: Mol, bond: int) -> tuple[ChainHalf, ...]:
    """Return both sides of a single bond outside rings; none if the molecule holds together.

    Of some cages RDKit finds too few rings, and takes a bond of the cage for one outside rings.
    """
    cut = Chem.FragmentOnBonds(mol, [bond], addDummies=True, dummyLabels=[(1, 1)])
    sides = Chem.GetMolFrags(cut, asMols=True, sanitizeFrags=False)
    return tuple(ChainHalf(side, side.GetNumAtoms() - 1) for side in sides) if len(sides) == 2 else ()


def find_ring_arcs(mol: Mol) -> dict[int, list[Cut]]:
    """Return the stretches of ring that can be exchanged, by their number of ring atoms.

    Two bonds split a molecule if and only if they lie in the same rings of a cycle basis: naphthalene falls apart when
    cut twice on one side of its fused bond, but not when cut once on either side. Of cages RDKit may not give a whole
    basis: `cut_ring` has the last word.
    """
    rings = mol.GetRingInfo()
    membership: dict[int, tuple[int, ...]] = defaultdict(tuple)
    for number, bonds in enumerate(rings.BondRings()):
        for bond in bonds:
            membership[bond] += (number,)
    arcs: dict[int, list[Cut]] = defaultdict(list)
    for number, atoms in enumerate(rings.AtomRings()):
        size = len(atoms)
        around = [mol.GetBondBetweenAtoms(atoms[i], atoms[(i + 1) % size]).GetIdx() for i in range(size)]
        for i, j in combinations(range(size), 2):
            rings_of_both = membership[around[i]]
            # Bonds that share several rings come up in each of these.
            if rings_of_both == membership[around[j]] and rings_of_both[0] == number:
                bonds_cut = (min(around[i], around[j]), max(around[i], around[j]))
                arcs[j - i].append(Cut(bonds_cut, atoms[j]))
                arcs[size - (j - i)].append(Cut(bonds_cut, atoms[i]))
    return dict(arcs)


def cut_ring(mol: Mol, bonds: tuple[int, ...]) -> dict[int, RingHalf]:
    """Return both sides of a ring cut at two bonds, each under every one of its atoms; none if it holds together.

    Of some cages RDKit finds too few rings to tell beforehand.
    """
    cut = Chem.FragmentOnBonds(mol, bonds, addDummies=True, dummyLabels=[(1, 1), (2, 2)])
    atoms_of: list[list[int]] = []
    sides = Chem.GetMolFrags(cut, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=atoms_of)
    if len(sides) == 1:
        return {}
    cut_bonds = [mol.GetBondWithIdx(bond) for bond in bonds]
    first_order, second_order = (int(bond.GetBondTypeAsDouble()) for bond in cut_bonds)
    halves = {}
    for side, atoms in zip(sides, atoms_of, strict=True):
        ends = [_end_inside(bond, atoms) for bond in cut_bonds]
        first, second = (mol.GetAtomWithIdx(end).GetTotalNumHs() for end in ends)
        half = RingHalf(side, side.GetNumAtoms() - 2, (first_order, second_order), (first, second))
        halves.update({atom: half for atom in atoms if atom < mol.GetNumAtoms()})
    return halves


def find_brics_bonds(mol: Mol) -> list[int]:
    """Return the single bonds that BRICS would cut (doi:10.1002/cmdc.200800178); `mol` is aromatic, not Kekule."""
    return list(_find_brics_bonds(mol))


def find_piece_cuts(mol: Mol, bonds: list[int]) -> list[Cut]:
    """Return, for each part that the bonds leave when all are cut, those of the bonds around it."""
    if not bonds:
        return []
    parts = Chem.GetMolFrags(Chem.FragmentOnBonds(mol, bonds, addDummies=False))
    cut_bonds = [mol.GetBondWithIdx(bond) for bond in bonds]
    return [Cut(tuple(bond.GetIdx() for bond in cut_bonds if _reaches(bond, atoms)), atoms[0]) for atoms in parts]


def cut_piece(mol: Mol, cut: Cut) -> Piece:
    """Cut out the part that holds the atom."""
    labels = [(label, label) for label in range(1, len(cut.bonds) + 1)]
    fragments = Chem.FragmentOnBonds(mol, cut.bonds, addDummies=True, dummyLabels=labels)
    inside = next(atoms for atoms in Chem.GetMolFrags(fragments) if cut.atom in atoms)
    outside = set(range(fragments.GetNumAtoms())) - set(inside)
    cut_bonds = [mol.GetBondWithIdx(bond) for bond in cut.bonds]
    core_ends = [_end_inside(bond, inside) for bond in cut_bonds]
    frame_ends = [bond.GetOtherAtomIdx(end) for bond, end in zip(cut_bonds, core_ends, strict=True)]
    return Piece(
        _remove_atoms(fragments, outside),
        _remove_atoms(fragments, set(inside)),
        len(inside) - len(cut.bonds),
        len(outside) - len(cut.bonds),
        tuple(mol.GetAtomWithIdx(end).GetAtomicNum() for end in core_ends),
        tuple(mol.GetAtomWithIdx(end).GetAtomicNum() for end in frame_ends),
    )


def zip_pieces(first: Mol, second: Mol) -> Mol:
    """Join two molecules at the dummies of equal label; stereochemistry at the cuts is kept."""
    return Chem.molzip(first, second, _zip_by_label())


def relabel(mol: Mol, labels: dict[int, int], orders: dict[int, int] | None = None) -> Mol:
    """Return a copy of a cut part with the dummies' labels replaced, and the orders of their bonds set by old label."""
    copy = Chem.RWMol(mol)
    n_atoms = copy.GetNumAtoms()
    for index in range(n_atoms - len(labels), n_atoms):  # RDKit appends dummies
        dummy = copy.GetAtomWithIdx(index)
        label = dummy.GetIsotope()
        dummy.SetIsotope(labels[label])
        if orders is not None:
            dummy.GetBonds()[0].SetBondType(_BOND_TYPES[orders[label]])
    return copy


_BOND_TYPES = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}


def _find_brics_bonds(mol: Mol) -> Iterator[int]:
    cut = Chem.FragmentOnBRICSBonds(mol)
    # RDKit appends a pair of dummies for each cut bond.
    ends = [cut.GetAtomWithIdx(i).GetNeighbors()[0].GetIdx() for i in range(mol.GetNumAtoms(), cut.GetNumAtoms())]
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        bond = mol.GetBondBetweenAtoms(begin, end)
        if bond.GetBondType() == Chem.BondType.SINGLE:
            yield bond.GetIdx()


def _reaches(bond: Chem.Bond, atoms: tuple[int, ...]) -> bool:
    return bond.GetBeginAtomIdx() in atoms or bond.GetEndAtomIdx() in atoms


def _end_inside(bond: Chem.Bond, atoms: tuple[int, ...] | list[int]) -> int:
    begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
    return int(begin if begin in atoms else end)


def _remove_atoms(mol: Mol, removed: set[int]) -> Mol:
    copy = Chem.RWMol(mol)
    copy.BeginBatchEdit()
    for atom in removed:
        copy.RemoveAtom(atom)
    copy.CommitBatchEdit()
    return copy.GetMol()


@cache
def _zip_by_label() -> Chem.MolzipParams:
    parameters = Chem.MolzipParams()
    parameters.label = Chem.MolzipLabel.Isotope
    parameters.enforceValenceRules = False  # else it raises; `finish_child` looks at valences
    return parameters
