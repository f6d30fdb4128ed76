r"""Which tokens leave every aromatic ring system a Kekulé form: the third look at a token, after syntax and valence.

RDKit refuses a string whose aromatic atoms cannot share out the double bonds ("c1cccc1", "c1ccnn1"): each atom that
needs one (`aromatic_atoms`) must get exactly one, to a neighbour that needs one too, along an aromatic bond in a ring.
It refuses an aromatic atom outside all rings as well.

For a partial string all ways of sharing them out are kept side by side, each as the set of the atoms that have got
their double bond. Only atoms that may still get bonds are remembered (the current one, those to which open branches
return, those with open rings), so there are few ways: one or two within a ring, as a rule. An aromatic bond adds the
ways that make it double, an atom that is finished strikes out those that do not fit it, and where none is left the
string is dead. It is dead too if the current atom can neither go on nor stop.

Rings are taken to be closed in the branch in which they were opened, or in one inside it, as in all SMILES that RDKit
writes: another ")" is refused. So a ring closed from the current atom to the atom `a` passes all bonds of the chain
behind `a`, and a bond with no open ring at an atom before it is in no further ring.

Of what RDKit writes nothing is refused, and what has no Kekulé form cannot be ended. Not judged are strings with a
dummy atom ("*"), and with "$" or ":" at an aromatic atom but between two of them.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.envs.grammar import BoolArray
from moldesign.envs.tokens import Slot, assign_slots
from moldesign.envs.vocabulary import Vocabulary
from moldesign.policies.aromatic_atoms import AROMATIC, ORDERS, SINGLE, AromaticAtom, foresee, is_aromatic
from moldesign.policies.valence import measure_capacity

_DUMMY, _QUADRUPLE, _UNSPECIFIED = "*", "$", ""
_NO_ATOM = -1
_MANY = 9  # more than the bonds of any aromatic atom


class Role(NamedTuple):
    """What a token is to aromatic systems."""

    slot: int
    symbol: str
    """Of an aromatic atom, a dummy or a bond; empty for other atoms, and for "/" and "\\", which leave a bond open."""
    valence: int = 0
    """Bond orders that an atom can bind in all."""


class _OpenRing(NamedTuple):
    anchor: int
    bond: str


class KekuleForms:
    """The Kekulé forms that one partial string may still get; `take` adds a token to it.

    Args:
        max_length: the most tokens of the string.

    >>> vocabulary = Vocabulary.from_tokens("cO1=")
    >>> roles = dict(zip(vocabulary.tokens, assign_roles(vocabulary), strict=True))
    >>> forms = KekuleForms(max_length=20)
    >>> all(forms.take(roles[token]) for token in "c1cccc1")
    True
    >>> forms.take(roles["O"]), forms.take(roles["<end>"]), forms.take(roles["="])
    (False, False, True)
    """

    __slots__ = (
        *("_atoms", "_bond", "_current", "_front", "_is_full", "_is_judged", "_is_pending", "_loose"),
        *("_may_open", "_n_atoms", "_returns", "_rings", "_shift", "_ways"),
    )

    def __init__(self, max_length: int) -> None:
        # No value is changed in place, so that a token can be taken back.
        # A way is an int: bit `a` says that atom `a` has its double bond, bit `_shift + a` that it is on the bond
        # between `a` and the atom before it, and that this bond is not known to be in a ring.
        self._ways = {0}
        self._shift = max_length
        self._atoms: dict[int, AromaticAtom] = {}  # those that may still get bonds
        self._loose = 0  # bits of the aromatic atoms that are not known to be in a ring
        self._n_atoms = 0
        self._current = _NO_ATOM
        self._bond = _UNSPECIFIED
        self._is_full = False  # the current atom is none that can get further bonds
        self._is_pending = False  # a bond symbol or "(" waits for an atom
        self._may_open = False  # a ring label may follow
        self._returns: tuple[int, ...] = ()
        self._rings: dict[int, _OpenRing] = {}  # by slot
        self._front = max_length  # the foremost atom with an open ring; an atom that cannot be, if there is none
        self._is_judged = True

    def take(self, role: Role) -> bool:
        """Add a token that syntax allows; if the string were dead then, leave it as it is and return False."""
        if not self._is_judged:
            return True
        saved = self._save()
        self._add(role)
        if self._is_alive():
            return True
        self._restore(saved)
        return False

    def give_up(self) -> None:
        """Take every token from now on."""
        self._is_judged = False

    def _save(self) -> tuple[Any, ...]:
        return (
            *(self._ways, self._atoms, self._loose, self._n_atoms, self._current),
            *(self._bond, self._is_pending, self._may_open, self._returns),
            *(self._rings, self._front, self._is_full),
        )

    def _restore(self, saved: tuple[Any, ...]) -> None:
        self._ways, self._atoms, self._loose, self._n_atoms, self._current = saved[:5]
        self._bond, self._is_pending, self._may_open, self._returns, self._rings, self._front, self._is_full = saved[5:]

    def _is_alive(self) -> bool:
        if not self._is_judged:
            return True
        if not self._atoms and not self._loose:
            return bool(self._ways)
        is_stranded = self._loose & _mask_below(self._front) & ~(self._may_open << max(self._current, 0))
        if not self._ways or is_stranded:
            return False
        return self._is_pending or self._can_go_on() or self._can_stop()

    def _can_go_on(self) -> bool:
        if self._current not in self._atoms:
            return not self._is_full
        return bool(self._select(self._current, self._atoms[self._current], n_more=self._count_further()))

    def _can_stop(self) -> bool:
        if self._rings and not self._returns:
            return False
        saved = self._save()
        self._close_branch() if self._returns else self._end_fragment()
        is_alive = self._is_alive()
        self._restore(saved)
        return is_alive

    def _add(self, role: Role) -> None:
        slot, symbol, valence = role
        if slot == Slot.ATOM:
            self._is_full = self._current != _NO_ATOM and valence <= ORDERS.get(self._bond, 1)
            self._add_atom(symbol)
        elif slot >= Slot.RING:
            self._close_ring(slot) if slot in self._rings else self._open_ring(slot)
        elif slot >= Slot.SINGLE:
            self._add_bond(symbol)
        elif slot == Slot.OPEN:
            self._open_branch()
        elif slot == Slot.CLOSE:
            self._close_branch()
        else:
            self._end_fragment()

    def _add_atom(self, symbol: str) -> None:
        before, new, atoms = self._current, self._n_atoms, self._atoms
        self._current, self._n_atoms, self._may_open, self._is_pending = new, new + 1, True, False
        bond, self._bond = self._bond, _UNSPECIFIED
        if symbol or before in atoms:
            bond = _resolve(bond, bool(symbol) and before in atoms)
            if not bond or symbol == _DUMMY:
                self.give_up()
            else:
                self._bind(before, new, bond, symbol)

    def _bind(self, before: int, new: int, bond: str, symbol: str) -> None:
        """Bind a new atom to one before it, if there is one; one of the two at least is aromatic."""
        if before in self._atoms:
            self._atoms = self._atoms | {before: self._atoms[before].bind(bond)}
            if bond == AROMATIC and self._rings:
                self._share_bond(1 << before | 1 << new, mark=1 << (self._shift + new))
            self._settle(before)
        if symbol:
            self._loose |= 1 << new
            self._atoms = self._atoms | {new: AromaticAtom(symbol, "" if before == _NO_ATOM else bond)}
            self._settle(new)

    def _add_bond(self, symbol: str) -> None:
        self._bond, self._is_pending = symbol, True
        atom = self._atoms.get(self._current)
        if atom is None:
            return
        if symbol == _UNSPECIFIED:
            self._ways = self._select(self._current, atom, self._count_further(), next_bonds=AROMATIC + SINGLE)
        elif symbol not in (AROMATIC, _QUADRUPLE):
            self._ways = self._select(self._current, atom.bind(symbol), self._count_further() - 1)

    def _open_branch(self) -> None:
        self._returns, self._may_open, self._is_pending = (*self._returns, self._current), False, True
        if self._current in self._atoms:
            self._ways = self._select(self._current, self._atoms[self._current], n_more=1)

    def _open_ring(self, slot: int) -> None:
        self._keep_rings(self._rings | {slot: _OpenRing(self._current, self._bond)})
        self._bond, self._is_pending = _UNSPECIFIED, False
        if self._current in self._atoms:
            self._settle(self._current)

    def _close_ring(self, slot: int) -> None:
        here, (anchor, symbol) = self._current, self._rings[slot]
        ends = [end for end in (here, anchor) if end in self._atoms]
        bond = _resolve(symbol or self._bond, len(ends) == 2)
        self._bond, self._is_pending = _UNSPECIFIED, False
        self._keep_rings({label: ring for label, ring in self._rings.items() if label != slot})
        if not bond:
            self.give_up()
            return
        # The ring passes all bonds of the chain behind the anchor: these need no mark any more.
        self._ways = {way & _mask_below(self._shift + anchor + 1) for way in self._ways}
        self._loose &= _mask_below(anchor)
        self._drop(_mask_below(self._front + 1) << self._shift)
        if bond == AROMATIC:
            self._share_bond(1 << here | 1 << anchor)
        self._atoms = self._atoms | {end: self._atoms[end].bind(bond) for end in ends}
        for atom in self._atoms:
            self._settle(atom)

    def _close_branch(self) -> None:
        target, here = self._returns[-1], self._current
        self._returns, self._current = self._returns[:-1], target
        self._may_open = self._is_pending = self._is_full = False
        is_left_open = any(ring.anchor > target for ring in self._rings.values())
        if is_left_open or self._loose >> (target + 1):
            self._ways = set()
            return
        self._drop(-1 << (self._shift + target + 1))
        if here in self._atoms:
            self._settle(here)

    def _end_fragment(self) -> None:
        here, self._current = self._current, _NO_ATOM
        self._may_open = self._is_pending = self._is_full = False
        self._drop(-1 << self._shift)
        if here in self._atoms:
            self._settle(here)

    def _share_bond(self, ends: int, mark: int = 0) -> None:
        """Add the ways in which a new aromatic bond is double: those in which both ends have none yet."""
        self._ways = self._ways | {way | ends | mark for way in self._ways if not way & ends}

    def _drop(self, mask: int) -> None:
        """Drop the ways that have any bit of the mask."""
        self._ways = {way for way in self._ways if not way & mask}

    def _settle(self, index: int) -> None:
        """Strike out the ways that fit nothing that may become of an atom; forget the atom if it is finished."""
        self._ways = self._select(index, self._atoms[index])
        if not self._is_growing(index) and not self._count_due(index):
            self._atoms = {other: atom for other, atom in self._atoms.items() if other != index}
            self._ways = {way & ~(1 << index) for way in self._ways}

    def _select(self, index: int, atom: AromaticAtom, n_more: int = 0, next_bonds: str = "") -> set[int]:
        """Return the ways that fit something that may become of an atom.

        Args:
            index: of the atom.
            atom: with its bonds.
            n_more: bonds that it is sure to get besides those of its open rings.
            next_bonds: the kinds that the next one may be of; empty for all.
        """
        n_due, bit = self._count_due(index) + n_more, 1 << index
        # A ring passes the atom if one is open at it or before it, or if it opens one itself.
        n_for_ring = 1 if self._front <= index else 2 if self._may_open and index == self._current else _MANY
        n_most = _MANY if self._is_growing(index) else n_due
        prospect = foresee(atom, n_due, n_most, n_for_ring, next_bonds)
        if all(prospect):
            return self._ways
        return {way for way in self._ways if (prospect.can_match if way & bit else prospect.can_skip)}

    def _is_growing(self, index: int) -> bool:
        return index == self._current or index in self._returns

    def _count_due(self, index: int) -> int:
        return sum(ring.anchor == index for ring in self._rings.values()) if self._front <= index else 0

    def _count_further(self) -> int:
        """Return the fewest bonds that the current atom gets if the chain goes on from it."""
        # To get into a ring where none is open, it must open one first.
        return 2 if self._loose >> self._current & 1 and self._front > self._current else 1

    def _keep_rings(self, rings: dict[int, _OpenRing]) -> None:
        self._rings = rings
        self._front = min((ring.anchor for ring in rings.values()), default=self._shift)


class AromaticityFilter:
    """The roles of one vocabulary's tokens in aromatic systems; holds no state of its own.

    Args:
        vocabulary: the tokens of the grammar.
        max_length: the most tokens of a string.
    """

    def __init__(self, vocabulary: Vocabulary, max_length: int) -> None:
        self.max_length = max_length
        self._roles = assign_roles(vocabulary)
        number = {role: index for index, role in enumerate(dict.fromkeys(self._roles))}
        self.groups: NDArray[np.int64] = np.array([number[role] for role in self._roles])
        """[V]: tokens of one group are refused together."""

    def start(self, batch: int) -> list[KekuleForms]:
        """Return the forms of `batch` empty strings."""
        return [KekuleForms(self.max_length) for _ in range(batch)]

    def take(self, forms: Iterable[KekuleForms], actions: Iterable[int]) -> BoolArray:
        """Add a token to each string and return bool [B]: False where it was not added, for want of a Kekulé form.

        Args:
            forms: of B strings; changed where the answer is True.
            actions: token indices, [B]; each allowed by the syntax.
        """
        return np.array([form.take(self._roles[action]) for form, action in zip(forms, actions, strict=True)], bool)


def assign_roles(vocabulary: Vocabulary) -> tuple[Role, ...]:
    """Return the role of each token.

    Raises:
        UnknownTokenError: a token has no place in the SMILES grammar.
    """
    slots = assign_slots(vocabulary).tolist()
    return tuple(map(_assign_role, vocabulary.tokens, slots))


def _assign_role(token: str, slot: int) -> Role:
    if slot == Slot.ATOM:
        symbol = _DUMMY if "*" in token else token if is_aromatic(token) else ""
        return Role(slot, symbol, 0 if symbol == _DUMMY else measure_capacity(token).order)
    is_bond = Slot.SINGLE <= slot < Slot.RING
    return Role(slot, token if is_bond and token not in ("/", "\\") else "")


def _resolve(symbol: str, is_between_aromatic: bool) -> str:
    """Return what a bond symbol means to an aromatic atom; empty if that is not known."""
    if symbol == _UNSPECIFIED:
        return AROMATIC if is_between_aromatic else SINGLE
    return "" if symbol == _QUADRUPLE or (symbol == AROMATIC and not is_between_aromatic) else symbol


def _mask_below(n_bits: int) -> int:
    return (1 << n_bits) - 1
