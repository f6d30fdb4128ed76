"""A molecule prepared for breeding: parsed once, every place where it can be cut known, every cut piece kept."""

from collections import OrderedDict
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.smiles import Mol, canonicalize
from moldesign.search.children import Child, ChildLimits, find_largest_ring, has_forbidden_atom
from moldesign.search.cuts import (
    ChainHalf,
    Cut,
    Piece,
    RingHalf,
    cut_chain,
    cut_piece,
    cut_ring,
    find_brics_bonds,
    find_piece_cuts,
    find_ring_arcs,
)


class Parent:
    """A molecule with what the operators ask again and again; it is cut where asked, and only once.

    Args:
        smiles: its canonical SMILES.
        mol: sanitised, of one fragment, without isotopes; `prepare_parent` makes such a one.
        has_fixed_hydrogens: whether atoms may have a fixed number of hydrogens, as those that a SMILES has in brackets;
            a child of parents has none.
    """

    def __init__(self, smiles: str, mol: Mol, *, has_fixed_hydrogens: bool) -> None:
        self.smiles, self._aromatic, self._has_fixed_hydrogens = smiles, mol, has_fixed_hydrogens
        self.n_heavy: int = mol.GetNumAtoms()
        self.has_stereo = any(mark in smiles for mark in "@/\\")
        self._chain_halves: dict[int, tuple[ChainHalf, ...]] = {}
        self._ring_halves: dict[tuple[int, ...], dict[int, RingHalf]] = {}
        self._pieces: dict[Cut, Piece] = {}

    @cached_property
    def mol(self) -> Mol:
        """The molecule in Kekule form: no bond is aromatic, and hydrogens are counted anew after an edit."""
        kekule = Chem.RWMol(self._aromatic)
        Chem.Kekulize(kekule, clearAromaticFlags=True)
        if self._has_fixed_hydrogens:
            _free_hydrogens(kekule)
        return kekule.GetMol()

    @cached_property
    def largest_ring(self) -> int:
        """Atoms in the largest ring; 0 without one."""
        return find_largest_ring(self._aromatic)

    @cached_property
    def numbers(self) -> list[int]:
        """Atomic number of each atom."""
        return [atom.GetAtomicNum() for atom in self.mol.GetAtoms()]

    @cached_property
    def charges(self) -> list[int]:
        """Formal charge of each atom."""
        return [atom.GetFormalCharge() for atom in self.mol.GetAtoms()]

    @cached_property
    def n_hydrogens(self) -> list[int]:
        """Hydrogens of each atom."""
        return [atom.GetTotalNumHs() for atom in self.mol.GetAtoms()]

    @cached_property
    def neighbors(self) -> list[list[int]]:
        """Atoms bound to each atom."""
        around: list[list[int]] = [[] for _ in range(self.n_heavy)]
        for begin, end, _ in self.bonds:
            around[begin].append(end)
            around[end].append(begin)
        return around

    @cached_property
    def bonds(self) -> list[tuple[int, int, int]]:
        """Both ends and the order of each bond."""
        return [
            (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), int(bond.GetBondTypeAsDouble()))
            for bond in self.mol.GetBonds()
        ]

    @cached_property
    def bond_orders(self) -> dict[tuple[int, int], int]:
        """Order of the bond between two atoms, under both of their orders."""
        return {ends: order for a, b, order in self.bonds for ends in ((a, b), (b, a))}

    @cached_property
    def ring_bonds(self) -> list[int]:
        """Indices of the bonds in rings."""
        return sorted({bond for ring in self.mol.GetRingInfo().BondRings() for bond in ring})

    @cached_property
    def distances(self) -> NDArray[np.float64]:
        """Bonds on the shortest path between any two atoms, float64 [A, A]."""
        return np.asarray(Chem.GetDistanceMatrix(self.mol))

    @cached_property
    def stereo_centres(self) -> list[int]:
        """Atoms that are tetrahedral stereo centres, set or open."""
        mol = Chem.Mol(self.mol)
        for bond in mol.GetBonds():  # an edit may leave a mark at one that is no stereo bond any more: RDKit refuses it
            bond.SetStereo(Chem.BondStereo.STEREONONE)
        found = Chem.FindPotentialStereo(mol)
        return [info.centeredOn for info in found if info.type == Chem.StereoType.Atom_Tetrahedral]

    @cached_property
    def chain_bonds(self) -> list[int]:
        """Indices of the single bonds outside rings that may be cut.

        A bond between two charged atoms (nitro, N-oxide) may not: each side alone would be another ion.
        """
        ends = self.mol.GetSubstructMatches(_chain_bond(), maxMatches=10_000)
        return [self.mol.GetBondBetweenAtoms(*pair).GetIdx() for pair in ends]

    @cached_property
    def ring_arcs(self) -> dict[int, list[Cut]]:
        """The stretches of ring that can be exchanged, by their number of ring atoms."""
        return find_ring_arcs(self.mol)

    @cached_property
    def piece_cuts(self) -> dict[int, list[Cut]]:
        """The parts between BRICS bonds, by the number of these bonds around them."""
        by_number: dict[int, list[Cut]] = {}
        for cut in find_piece_cuts(self.mol, find_brics_bonds(self._aromatic)):
            by_number.setdefault(len(cut.bonds), []).append(cut)
        return by_number

    def cut_chain(self, bond: int) -> tuple[ChainHalf, ...]:
        """Return both sides of a bond of `chain_bonds`."""
        if bond not in self._chain_halves:
            self._chain_halves[bond] = cut_chain(self.mol, bond)
        return self._chain_halves[bond]

    def cut_ring(self, arc: Cut) -> RingHalf | None:
        """Return the side of a ring cut that holds the arc; None if the molecule holds together."""
        if arc.bonds not in self._ring_halves:
            self._ring_halves[arc.bonds] = cut_ring(self.mol, arc.bonds)
        return self._ring_halves[arc.bonds].get(arc.atom)

    def cut_piece(self, cut: Cut) -> Piece:
        """Return the part that an entry of `piece_cuts` cuts out."""
        if cut not in self._pieces:
            self._pieces[cut] = cut_piece(self.mol, cut)
        return self._pieces[cut]


class ParentCache:
    """Prepares each molecule once, and forgets the ones that have not been asked for the longest.

    A child that is offered becomes a parent without being parsed. It numbers its atoms differently from what is parsed
    from its SMILES, so that the same draws breed other children: `forget_offered` between searches lets what they find
    not depend on what earlier ones left behind.
    """

    def __init__(self, limits: ChildLimits, *, capacity: int = 2_000) -> None:
        self.limits, self.capacity = limits, capacity
        self._parsed: OrderedDict[str, Parent | None] = OrderedDict()
        self._offered: dict[str, Parent] = {}

    def find(self, smiles: str) -> Parent | None:
        """Return the molecule prepared for breeding; None if it cannot breed."""
        if (offered := self._offered.get(smiles)) is not None:
            return offered
        if smiles in self._parsed:
            self._parsed.move_to_end(smiles)
            return self._parsed[smiles]
        parent = self._parsed[smiles] = prepare_parent(smiles, self.limits)
        if len(self._parsed) > self.capacity:
            self._parsed.popitem(last=False)
        return parent

    def offer(self, child: Child) -> None:
        """Keep a child as a parent of others."""
        self._offered[child.smiles] = adopt_child(child)

    def forget_offered(self) -> None:
        """Forget the children; those asked for again are parsed."""
        self._offered.clear()


def prepare_parent(smiles: str, limits: ChildLimits) -> Parent | None:
    """Parse a molecule for breeding; of a salt, its largest fragment. None for what cannot breed.

    That is: text that is no molecule; a molecule with an element outside the limits, a radical or an attachment point.
    Isotope labels are dropped.
    """
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() == 0:
        return None
    mol = _drop_isotopes(_keep_largest_fragment(mol))
    if has_forbidden_atom(mol, limits):
        return None
    return Parent(canonicalize(mol), mol, has_fixed_hydrogens=True)


def adopt_child(child: Child) -> Parent:
    """Prepare a child for breeding, without parsing it."""
    return Parent(child.smiles, child.mol, has_fixed_hydrogens=False)


@cache
def _chain_bond() -> Mol:
    return Chem.MolFromSmarts("[+0]-;!@[*]")


def _keep_largest_fragment(mol: Mol) -> Mol:
    fragments = Chem.GetMolFrags(mol, asMols=True)
    return max(fragments, key=Chem.Mol.GetNumHeavyAtoms) if len(fragments) > 1 else mol


def _drop_isotopes(mol: Mol) -> Mol:
    labelled = [atom for atom in mol.GetAtoms() if atom.GetIsotope()]
    for atom in labelled:
        atom.SetIsotope(0)
    return Chem.RemoveHs(mol) if labelled else mol


def _free_hydrogens(mol: Chem.RWMol) -> None:
    """Let RDKit count the hydrogens of bracket atoms anew after an edit, wherever it counts as many as now."""
    for atom in mol.GetAtoms():
        if atom.GetNoImplicit():
            n_hydrogens = atom.GetTotalNumHs()
            _count_hydrogens(atom, fixed=False)
            if atom.GetTotalNumHs() != n_hydrogens:
                atom.SetNumExplicitHs(n_hydrogens)
                _count_hydrogens(atom, fixed=True)


def _count_hydrogens(atom: Chem.Atom, *, fixed: bool) -> None:
    atom.SetNoImplicit(fixed)
    if not fixed:
        atom.SetNumExplicitHs(0)
    atom.UpdatePropertyCache(strict=False)
