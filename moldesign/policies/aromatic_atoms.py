"""Whether an aromatic atom takes part in a double bond of its ring system: found by trial, RDKit being the judge.

In a Kekulé form each aromatic atom has either exactly one double bond to another aromatic atom or none. Which, its
element, charge, hydrogens and bonds decide: a "c" needs one, unless it has an exocyclic "=O"; a "n" with two
neighbours needs one, with three it must have none; "o", "s" and "[nH]" have none.
"""

from functools import cache
from itertools import combinations_with_replacement
from typing import NamedTuple

from rdkit import Chem

from moldesign.chem.smiles import find_valid, quiet_rdkit
from moldesign.policies.valence import measure_capacity

AROMATIC, SINGLE, DOUBLE, TRIPLE = ":", "-", "=", "#"
BONDS = AROMATIC + SINGLE + DOUBLE + TRIPLE
ORDERS = {AROMATIC: 1, SINGLE: 1, DOUBLE: 2, TRIPLE: 3}


class AromaticAtom(NamedTuple):
    """An aromatic atom of a partial string."""

    token: str
    bonds: str = ""
    """The symbols of its bonds so far, in the order of `BONDS`."""

    def bind(self, bond: str) -> "AromaticAtom":
        """Return the atom with one more bond.

        >>> AromaticAtom("n").bind("-").bind(":")
        AromaticAtom(token='n', bonds=':-')
        """
        return _bind(self, bond)


class Prospect(NamedTuple):
    """What may become of an aromatic atom."""

    can_match: bool
    """It can end with a double bond to an aromatic neighbour that it has already."""
    can_skip: bool
    """It can end without any of these, because it needs none or because it finds a further neighbour."""


@cache
def foresee(atom: AromaticAtom, n_due: int, n_most: int, n_for_ring: int, next_bonds: str = "") -> Prospect:
    """Return what may become of an atom.

    Args:
        atom: with the bonds that it has.
        n_due: the fewest further bonds that it will get.
        n_most: the most; its valence allows more or fewer.
        n_for_ring: how many of them it takes until an aromatic one among them can be in a ring.
        next_bonds: kinds of which one at least is sure to be among them; if empty, none is.

    >>> foresee(AromaticAtom("c", "::"), 0, 0, 1)
    Prospect(can_match=True, can_skip=False)
    >>> foresee(AromaticAtom("c", "::"), 0, 9, 1)
    Prospect(can_match=True, can_skip=True)
    >>> foresee(AromaticAtom("n", "::-"), 0, 9, 1)
    Prospect(can_match=False, can_skip=True)
    """
    can_match = can_skip = False
    room = measure_capacity(atom.token).degree - len(atom.bonds)
    for n_more in range(n_due, min(room, n_most) + 1):
        for further in combinations_with_replacement(BONDS, n_more):
            if next_bonds and not any(bond in further for bond in next_bonds):
                continue
            final = judge(AromaticAtom(atom.token, _sort(atom.bonds + "".join(further))))
            finds_partner = AROMATIC in further and n_more >= n_for_ring
            can_match |= final.can_match
            can_skip |= final.can_skip or (final.can_match and finds_partner)
    return Prospect(can_match, can_skip)


@cache
def judge(atom: AromaticAtom) -> Prospect:
    """Return what an atom with all its bonds is: two answers are no where it has too many or too few bonds.

    >>> judge(AromaticAtom("c", "::"))
    Prospect(can_match=True, can_skip=False)
    >>> judge(AromaticAtom("c", "::=")), judge(AromaticAtom("o", "::"))
    (Prospect(can_match=False, can_skip=True), Prospect(can_match=False, can_skip=True))
    """
    capacity = measure_capacity(atom.token)
    order = sum(ORDERS[bond] for bond in atom.bonds)
    if order > capacity.order or not 2 <= len(atom.bonds) <= capacity.degree:
        return Prospect(can_match=False, can_skip=False)
    is_cumulene = len(atom.bonds) == 2 and DOUBLE in atom.bonds  # in a ring: RDKit reads it, nobody means it
    with_partner, alone = find_valid([_write_trial(atom, is_matched) for is_matched in (True, False)])
    return Prospect(bool(with_partner and not is_cumulene), bool(alone))


def is_aromatic(token: str) -> bool:
    """Return whether an atom token is an aromatic atom."""
    with quiet_rdkit():
        return bool(Chem.MolFromSmiles(token, sanitize=False).GetAtomWithIdx(0).GetIsAromatic())


def _write_trial(atom: AromaticAtom, is_matched: bool) -> str:
    """Write a ring system that has a Kekulé form exactly if the atom has a double bond in it, or has none."""
    token, n_aromatic = atom.token, atom.bonds.count(AROMATIC)
    others = atom.bonds.replace(AROMATIC, "")
    if n_aromatic > 2:
        return f"{token}12{_branch(others)}ccccc1" + ("cccc2" if is_matched else "ccc2")
    if n_aromatic == 2:
        return f"{token}1{_branch(others)}" + ("ccccc1" if is_matched else "cccc1")
    ring, others = others[0], others[1:]
    if n_aromatic == 1:
        return f"{token}{ring}1{_branch(others)}" + ("cCC" if is_matched else "ccCC") + f"{ring}1"
    # Without an aromatic bond there is nothing that the atom could be matched to.
    return "" if is_matched else f"{token}{ring}1{_branch(others[1:])}{others[0]}CCC{ring}1"


def _branch(bonds: str) -> str:
    return "".join(f"({bond}C)" for bond in bonds)


@cache
def _bind(atom: AromaticAtom, bond: str) -> AromaticAtom:
    return AromaticAtom(atom.token, _sort(atom.bonds + bond))


def _sort(bonds: str) -> str:
    return "".join(sorted(bonds, key=BONDS.index))
