"""Mutation: one atom, bond or ring of a molecule changes.

Kinds and odds are those of Graph GA (doi:10.1039/C8SC05372C), with stereo centres as one more kind. There, a reaction
gives every product and one is drawn; here one place is drawn where the change is possible, and only that is made.
Each function returns an edited graph for `finish_child`, or None where the parent has no such place.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from rdkit import Chem

from moldesign.search.children import ChildLimits
from moldesign.search.dice import Dice, accumulate_weights
from moldesign.search.parents import Parent

Mutation: TypeAlias = Callable[[Parent, ChildLimits, Dice], Chem.RWMol | None]

_BOND_TYPES = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}
_NUMBERS = {"C": 6, "N": 7, "O": 8, "F": 9, "S": 16, "Cl": 17, "Br": 35}
_VALENCES = {"C": 4, "N": 3, "O": 2, "F": 1, "S": 6, "Cl": 1, "Br": 1}
_SITE_TRIES = 5
_ORDER_ODDS = accumulate_weights((0.60, 0.35, 0.05))
_APPENDED = {1: ("C", "N", "O", "F", "S", "Cl", "Br"), 2: ("C", "N", "O"), 3: ("C", "N")}
_INSERTED = {1: ("C", "N", "O", "S"), 2: ("C", "N"), 3: ("C",)}
_RING_SIZES, _RING_ODDS = (3, 4, 5, 6), accumulate_weights((0.05, 0.05, 0.45, 0.45))


def mutate(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Change one thing about a molecule."""
    return dice.choose_weighted(_MUTATIONS, _MUTATION_ODDS)(parent, limits, dice)


def append_atom(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Bind a new atom to one that has hydrogens to spare."""
    order = dice.choose_weighted((1, 2, 3), _ORDER_ODDS)
    sites = [atom for atom, n in enumerate(parent.n_hydrogens) if n >= order]
    symbol = _choose_element(_APPENDED[order], limits, dice)
    if not sites or symbol is None:
        return None
    mol = Chem.RWMol(parent.mol)
    mol.AddBond(dice.choose(sites), mol.AddAtom(Chem.Atom(symbol)), _BOND_TYPES[order])
    return mol


def insert_atom(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Put a new atom into a bond; the bond to the first end may become a double or triple one."""
    order = dice.choose_weighted((1, 2, 3), _ORDER_ODDS)
    symbol = _choose_element(_INSERTED[order], limits, dice)
    in_ring = set(parent.ring_bonds) if order == 3 else set()
    sites = [
        (a, b)
        for index, (begin, end, old) in enumerate(parent.bonds)
        for a, b in ((begin, end), (end, begin))
        if parent.n_hydrogens[a] + old >= order and index not in in_ring
    ]
    if not sites or symbol is None:
        return None
    first, second = dice.choose(sites)
    mol = _unlock(parent, first, second)
    mol.RemoveBond(first, second)
    new = mol.AddAtom(Chem.Atom(symbol))
    mol.AddBond(first, new, _BOND_TYPES[order])
    mol.AddBond(new, second, Chem.BondType.SINGLE)
    return mol


def delete_atom(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Remove an atom, and bind its neighbours to one of them that can take them."""
    atom = dice.index(parent.n_heavy)
    around = parent.neighbors[atom]
    hubs = [hub for hub in around if _can_replace(parent, atom, hub)]
    if not hubs:
        return None
    hub = dice.choose(hubs)
    mol = _unlock(parent, atom, *around)
    for other in around:
        if other != hub:
            mol.AddBond(hub, other, Chem.BondType.SINGLE)
    mol.RemoveAtom(atom)
    return mol


def change_bond_order(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Make a bond single, or raise it as far as the hydrogens at its ends allow; triple bonds stay out of rings."""
    if not parent.bonds:
        return None
    index = dice.index(len(parent.bonds))
    begin, end, old = parent.bonds[index]
    spare = min(parent.n_hydrogens[begin], parent.n_hydrogens[end])
    top = min(old + spare, 2 if index in parent.ring_bonds else 3)
    orders = [order for order in range(1, top + 1) if order != old]
    if not orders:
        return None
    mol = _unlock(parent, begin, end)
    mol.GetBondWithIdx(index).SetBondType(_BOND_TYPES[dice.choose(orders)])
    return mol


def open_ring(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Remove a bond of a ring."""
    if not parent.ring_bonds:
        return None
    begin, end, _ = parent.bonds[dice.choose(parent.ring_bonds)]
    mol = _unlock(parent, begin, end)
    mol.RemoveBond(begin, end)
    return mol


def close_ring(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Bind two atoms with hydrogens whose shortest path makes a ring of 3 to 6 atoms.

    A ring may be fused to another one, but bridge it only where all of the path is saturated: no meta-bridged benzene.
    """
    size = dice.choose_weighted(_RING_SIZES, _RING_ODDS)
    has_hydrogen = np.array(parent.n_hydrogens) > 0
    fits = (parent.distances == size - 1) & has_hydrogen[:, None] & has_hydrogen
    sites = np.argwhere(np.triu(fits))
    for _ in range(_SITE_TRIES if len(sites) else 0):
        first, second = sites[dice.index(len(sites))].tolist()
        if _may_close(parent, Chem.GetShortestPath(parent.mol, first, second)):
            mol = _unlock(parent, first, second)
            mol.AddBond(first, second, Chem.BondType.SINGLE)
            return mol
    return None


def replace_atom(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Make a neutral atom another element whose valence fits its bonds."""
    atom = dice.index(parent.n_heavy)
    n_bonds = sum(parent.bond_orders[atom, other] for other in parent.neighbors[atom])
    fitting = [
        symbol
        for symbol, valence in _VALENCES.items()
        if valence >= n_bonds and _NUMBERS[symbol] != parent.numbers[atom]
    ]
    symbol = _choose_element(fitting, limits, dice)
    if parent.charges[atom] or symbol is None:
        return None
    mol = _unlock(parent, atom)
    mol.ReplaceAtom(atom, Chem.Atom(symbol))
    return mol


def change_stereo(parent: Parent, limits: ChildLimits, dice: Dice) -> Chem.RWMol | None:
    """Set a stereo centre to another configuration, or leave it open."""
    if not parent.stereo_centres:
        return None
    mol = Chem.RWMol(parent.mol)
    atom = mol.GetAtomWithIdx(dice.choose(parent.stereo_centres))
    atom.SetChiralTag(dice.choose([tag for tag in _CHIRAL_TAGS if tag != atom.GetChiralTag()]))
    return mol


_CHIRAL_TAGS = (
    Chem.ChiralType.CHI_UNSPECIFIED,
    Chem.ChiralType.CHI_TETRAHEDRAL_CW,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW,
)
_MUTATIONS: tuple[Mutation, ...] = (
    insert_atom,
    change_bond_order,
    open_ring,
    close_ring,
    delete_atom,
    replace_atom,
    append_atom,
    change_stereo,
)
_MUTATION_ODDS = accumulate_weights((0.15, 0.14, 0.14, 0.14, 0.14, 0.14, 0.15, 0.04))


def _choose_element(symbols: tuple[str, ...] | list[str], limits: ChildLimits, dice: Dice) -> str | None:
    allowed = [symbol for symbol in symbols if symbol in limits.elements]
    return dice.choose(allowed) if allowed else None


def _can_replace(parent: Parent, atom: int, hub: int) -> bool:
    """Say whether `hub` could be bound to all other neighbours of `atom` if that were gone."""
    others = [other for other in parent.neighbors[atom] if other != hub]
    free = parent.n_hydrogens[hub] + parent.bond_orders[atom, hub]
    return len(others) <= free and all((hub, other) not in parent.bond_orders for other in others)


def _may_close(parent: Parent, path: tuple[int, ...]) -> bool:
    is_bridge = any(len(set(path) & set(ring)) > 2 for ring in parent.mol.GetRingInfo().AtomRings())
    return not is_bridge or all(parent.bond_orders[a, b] == 1 for a in path for b in parent.neighbors[a])


def _unlock(parent: Parent, *atoms: int) -> Chem.RWMol:
    """Return a copy to edit, without the stereo marks of the atoms and of the double bonds beside them.

    Marks at a double bond that loses a neighbour would point at nothing, and RDKit cannot write such a molecule.
    """
    mol = Chem.RWMol(parent.mol)
    if parent.has_stereo:
        for index in atoms:
            atom = mol.GetAtomWithIdx(index)
            atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
            for bond in [*atom.GetBonds(), *(b for n in atom.GetNeighbors() for b in n.GetBonds())]:
                bond.SetStereo(Chem.BondStereo.STEREONONE)
    return mol
