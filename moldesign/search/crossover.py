"""Crossover: two parents exchange a side chain, a stretch of ring, or a part between BRICS bonds.

Chain and ring crossover follow Graph GA (doi:10.1039/C8SC05372C). There, reactions are run on both parents and what
is no molecule is thrown away; here only places that can fit are drawn, so that nearly every join is one.
Each operator returns an edited graph for `finish_child`, or None where the parents have no place that fits.
"""

from moldesign.chem.smiles import Mol
from moldesign.search.children import ChildLimits
from moldesign.search.cuts import ChainHalf, Cut, RingHalf, relabel, zip_pieces
from moldesign.search.dice import Dice
from moldesign.search.parents import Parent

_USUAL_RING_SIZES = (5, 6)
_TRIES = 8
_CARBON, _SULFUR = 6, 16


def cross_chains(first: Parent, second: Parent, limits: ChildLimits, dice: Dice) -> Mol | None:
    """Cut both parents at a single bond outside rings, and join one side of each."""
    if not first.chain_bonds or not second.chain_bonds:
        return None
    for _ in range(_TRIES):
        half = _draw_half(first, dice)
        other = _draw_half(second, dice)
        if half is None or other is None:
            continue
        if limits.allow_size(half.n_heavy + other.n_heavy):
            return zip_pieces(half.mol, other.mol)
    return None


def cross_rings(first: Parent, second: Parent, limits: ChildLimits, dice: Dice) -> Mol | None:
    """Cut a ring of each parent at two bonds, and close a new ring from one side of each.

    Sides are drawn so that the ring has mostly 5 or 6 atoms, else any number up to the limit. Where the cut bonds had
    the same order the join has it too; else a join is as high as the hydrogens at both ends allow, or as low as the
    lower order.
    """
    if not first.ring_arcs or not second.ring_arcs:
        return None
    for _ in range(_TRIES):
        arcs = _draw_matching_arcs(first, second, limits, dice)
        if arcs is None:
            continue
        half, other = first.cut_ring(arcs[0]), second.cut_ring(arcs[1])
        if half is None or other is None:
            continue
        if limits.allow_size(half.n_heavy + other.n_heavy):
            return _close_ring(half, other, dice)
    return None


def exchange_pieces(first: Parent, second: Parent, limits: ChildLimits, dice: Dice) -> Mol | None:
    """Replace a part of the first parent by one of the second that has as many BRICS bonds: a substituent, a linker,
    a core with its arms in any order. No two hetero atoms are joined, but for sulfur and nitrogen.
    """
    shared = [n for n in first.piece_cuts if n in second.piece_cuts]
    if not shared:
        return None
    for _ in range(_TRIES):
        n_cuts = dice.choose(shared)
        old = first.cut_piece(dice.choose(first.piece_cuts[n_cuts]))
        new = second.cut_piece(dice.choose(second.piece_cuts[n_cuts]))
        order = dice.permute(n_cuts)
        ends = [(new.core_ends[i], old.frame_ends[order[i]]) for i in range(n_cuts)]
        if limits.allow_size(old.n_frame + new.n_core) and all(_may_bond(*pair) for pair in ends):
            return zip_pieces(old.frame, relabel(new.core, {i + 1: order[i] + 1 for i in range(n_cuts)}))
    return None


def _draw_half(parent: Parent, dice: Dice) -> ChainHalf | None:
    sides = parent.cut_chain(dice.choose(parent.chain_bonds))
    return dice.choose(sides) if sides else None


def _draw_matching_arcs(first: Parent, second: Parent, limits: ChildLimits, dice: Dice) -> tuple[Cut, Cut] | None:
    n_atoms = dice.choose(list(first.ring_arcs))
    usual = [size - n_atoms for size in _USUAL_RING_SIZES]
    # A ring of two atoms is none; two single atoms would make one.
    sizes = range(3, limits.max_ring_size + 1)
    fitting = [n for n in usual if n in second.ring_arcs]
    fitting = fitting or [size - n_atoms for size in sizes if size - n_atoms in second.ring_arcs]
    if not fitting:
        return None
    return dice.choose(first.ring_arcs[n_atoms]), dice.choose(second.ring_arcs[dice.choose(fitting)])


def _close_ring(half: RingHalf, other: RingHalf, dice: Dice) -> Mol:
    swapped = _choose_orientation(half, other, dice)
    partner = {1: 2, 2: 1} if swapped else {1: 1, 2: 2}
    orders = {}
    for label in (1, 2):
        mine, its = half.orders[label - 1], other.orders[partner[label] - 1]
        low, high = min(mine, its), max(mine, its)
        spare = half.n_hydrogens[label - 1] if mine < its else other.n_hydrogens[partner[label] - 1]
        orders[label] = high if high - low <= spare and dice.random() < 0.5 else low
    left = relabel(half.mol, {1: 1, 2: 2}, orders)
    right = relabel(other.mol, partner, {partner[label]: order for label, order in orders.items()})
    return zip_pieces(left, right)


def _choose_orientation(half: RingHalf, other: RingHalf, dice: Dice) -> bool:
    """Say whether cut 1 meets cut 2; where only one way joins bonds of equal order, as in a benzene, that one."""
    if half.orders == other.orders != other.orders[::-1]:
        return False
    if half.orders == other.orders[::-1] != other.orders:
        return True
    return dice.random() < 0.5


def _may_bond(first: int, second: int) -> bool:
    return _CARBON in (first, second) or (_SULFUR in (first, second) and first != second)
