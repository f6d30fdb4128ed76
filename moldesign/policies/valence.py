r"""Which tokens keep every atom within a valence that RDKit permits: chemistry, on top of the grammar's syntax.

The environment allows whatever is SMILES. A policy that has not yet learnt that oxygen has two bonds would waste
molecules on "C=O=C"; here such tokens are found before they are written. The free valence of every written atom is
kept: a bond of order 2 takes 2 of it at both ends, a ring bond from the moment when the ring is opened. Bonds
between aromatic atoms count 1; their double bonds are bounded by the degree instead (at most three neighbours, two
for o, s and [nH]). Whether an aromatic ring has a Kekulé form is looked at in `aromaticity`.

While rings are open, a token is refused too if they could not be closed behind it: because no atom is left from
which the chain can grow ("C1CF"), or because the tokens up to the length limit are too few. As in all SMILES that
RDKit writes, a ring that is opened in a branch is closed before the branch ends ("C(C1)C1" is refused).

A few forms that RDKit repairs while reading but never writes count as wrong: five-valent nitrogen and chlorine
("CN(=O)=O", "O=n1ccccc1"), and aromatic sulphur with three neighbours ("O=s1cccc1").
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.smiles import Mol, quiet_rdkit
from moldesign.envs.grammar import BoolArray, GrammarState, IntArray
from moldesign.envs.tokens import Slot, assign_slots
from moldesign.envs.vocabulary import Vocabulary

_UNLIMITED = 16
_ORDERS = np.ones(Slot.RING, dtype=np.int64)
_ORDERS[[Slot.DOUBLE, Slot.TRIPLE, Slot.QUADRUPLE]] = 2, 3, 4
_BONDS = (Slot.SINGLE, Slot.DOUBLE, Slot.TRIPLE, Slot.AROMATIC, Slot.QUADRUPLE)


class Capacity(NamedTuple):
    """What an atom can bind, its bracketed hydrogens already subtracted."""

    order: int
    """Sum of the bond orders, an aromatic bond counting 1."""
    degree: int
    """Neighbours."""


@dataclass(slots=True)
class FreeValence:
    """What the written atoms of B partial strings can still bind; `ValenceFilter.step` changes it in place."""

    order: IntArray
    """[B, N]"""
    degree: IntArray
    """[B, N]"""

    def spend(self, rows: NDArray[np.intp], atoms: IntArray, orders: IntArray) -> None:
        """Give the atom of each row one more bond."""
        self.order[rows, atoms] -= orders
        self.degree[rows, atoms] -= 1


class OpenRings(NamedTuple):
    """What the open rings of B partial strings wait for; every array is [B, 1] but `is_inner`."""

    order: IntArray
    """Sum of the bond orders that it takes to close them."""
    spare: IntArray
    """Tokens that remain for new atoms, if the next token closes nothing."""
    n_sites: IntArray
    """Atoms to which open branches return and from which a chain can grow."""
    most: IntArray
    """The most rings that wait at one anchor; no two of them can be closed by the same atom."""
    is_inner: BoolArray
    """[B, L]: which rings must be closed before the chain goes on from one of these atoms"""
    inner: IntArray
    """The part of `order` that is due to those."""

    def can_close(
        self,
        here: IntArray | int,
        growth: IntArray | int,
        *,
        spare: IntArray | int = 0,
        order: IntArray | int = 0,
        inner: IntArray | int = 0,
    ) -> BoolArray:
        """Say whether the rings could be closed behind the next token, bool [B, 1] or as the arguments are.

        A new atom is taken to have four bonds at most: in the middle of a chain it closes two rings, at the
        end of a chain three.

        Args:
            here: what the current atom could then close.
            growth: above 0 if a chain could then grow from the current atom.
            spare: what the token adds to `spare`.
            order: what it adds to `order`.
            inner: what it adds to `inner`.
        """
        needed, n_new = self.order + order, np.maximum(self.spare + spare, 0)
        by_new = np.where((np.asarray(growth) > 0) | (self.n_sites > 0), 2 * n_new + np.minimum(self.n_sites, n_new), 0)
        within_branch = (np.asarray(growth) > 0) | (here >= self.inner + inner)
        can_close: BoolArray = within_branch & np.logical_or(needed == 0, here + by_new >= needed)
        return can_close

    def can_part(self, here: IntArray) -> BoolArray:
        """Say whether the rings that wait at one anchor find an atom each, bool [B, 1] or as `here` is.

        Args:
            here: what the current atom could close; one less if a chain grows from it.
        """
        n_here = np.minimum(here - (self.order > here), 1)
        can_part: BoolArray = (self.n_sites > 0) | (self.most <= np.maximum(self.spare, 0) + np.maximum(n_here, 0))
        return can_part


class ValenceFilter:
    """The valences of one vocabulary's atoms; holds no state of its own.

    Args:
        vocabulary: the tokens of the grammar.
        max_length: the most tokens of a string.

    >>> from moldesign.envs.grammar import Grammar
    >>> grammar = Grammar(Vocabulary.from_tokens("CNOF=#"), max_length=9)
    >>> state, valence = grammar.start(1), ValenceFilter(grammar.vocabulary, grammar.max_length)
    >>> free = valence.start(1)
    >>> for token in grammar.vocabulary.encode("C=")[:-1]:
    ...     valence.step(state, free, np.array([token]))
    ...     grammar.step(state, np.array([token]))
    >>> [grammar.vocabulary.tokens[i] for i in np.flatnonzero(valence.narrow(state, free)[0])]
    ['C', 'N', 'O']
    """

    def __init__(self, vocabulary: Vocabulary, max_length: int) -> None:
        self.max_length = max_length
        self._slots = assign_slots(vocabulary)
        self._n_slots = max(int(self._slots.max()) + 1, Slot.RING)
        capacities = [
            measure_capacity(token) if slot == Slot.ATOM else Capacity(0, 0)
            for token, slot in zip(vocabulary.tokens, self._slots, strict=True)
        ]
        self._order, self._degree = np.array(capacities, dtype=np.int64).T
        orders = np.arange(_ORDERS.max() + 1)[:, None]
        # [order of the first bond, V]: the bonds that the atom can have besides; negative if not even the first.
        self._left = np.minimum(self._order - orders, self._degree - (orders > 0))

    def start(self, batch: int) -> FreeValence:
        """Return the free valences of `batch` empty strings."""
        shape = (batch, self.max_length)
        return FreeValence(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64))

    def narrow(self, state: GrammarState, free: FreeValence) -> BoolArray:
        """Return the tokens that syntax and valence allow, bool [B, V].

        Where valence would leave none, as in a string that ran into a dead end, those that syntax allows.
        """
        fitting = state.allowed & self.find_fitting(state, free)
        narrowed: BoolArray = np.where(fitting.any(1, keepdims=True), fitting, state.allowed)
        return narrowed

    def find_fitting(self, state: GrammarState, free: FreeValence) -> BoolArray:
        """Return the tokens that keep every valence, bool [B, V], whatever the syntax; END and PAD always do."""
        order = _find_pending_order(state)[:, None]
        here_order, here_degree = _find_free_here(state, free)
        here = np.minimum(here_order, here_degree)
        rings = _find_open_rings(state, free, order, self.max_length)

        table = np.ones((len(order), self._n_slots), dtype=bool)
        table[:, [Slot.ATOM]] = (order <= here_order) & (here_degree >= 1)
        table[:, [Slot.OPEN]] = (here >= 1) & rings.can_close(0, here, spare=-1)
        table[:, [Slot.CLOSE]] = rings.can_close(0, 0, spare=1)
        for bond in _BONDS:
            leads_on = (rings.spare > 0) | _find_closable(state, free, _ORDERS[[bond]])
            fits = (here_order >= _ORDERS[bond]) & (here_degree >= 1)
            table[:, [bond]] = fits & leads_on & rings.can_close(here, here)
        table[:, Slot.RING :] = _find_fitting_labels(state, free, order, rings)
        left = self._left[order[:, 0]]
        fits_atom = (left >= 0) & rings.can_close(left, left) & rings.can_part(left)
        fitting: BoolArray = table.take(self._slots, axis=1) & (fits_atom | (self._slots != Slot.ATOM))
        return fitting

    def step(self, state: GrammarState, free: FreeValence, actions: NDArray[np.integer]) -> None:
        """Account for one more token of each string, in place; call it before the grammar takes the token.

        Args:
            state: the strings without the token.
            free: changed.
            actions: token indices, [B].
        """
        slots, order = self._slots[actions], _find_pending_order(state)
        self._add_atoms(state, free, np.flatnonzero(slots == Slot.ATOM), actions, order)
        rows = np.flatnonzero(slots >= Slot.RING)
        _add_rings(state, free, rows, slots[rows] - Slot.RING, order[rows])

    def _add_atoms(
        self,
        state: GrammarState,
        free: FreeValence,
        rows: NDArray[np.intp],
        actions: NDArray[np.integer],
        order: IntArray,
    ) -> None:
        bonded = rows[order[rows] > 0]
        free.spend(bonded, state.current[bonded], order[bonded])
        new = state.n_atoms[rows]
        free.order[rows, new] = self._order[actions[rows]] - order[rows]
        free.degree[rows, new] = self._degree[actions[rows]] - (order[rows] > 0)


@cache
def measure_capacity(token: str) -> Capacity:
    """Return what an atom token can bind, by trial: bonds are added until RDKit complains.

    >>> [measure_capacity(token) for token in ("C", "[N+]", "c", "[nH]")]
    [Capacity(order=4, degree=4), Capacity(order=4, degree=4), Capacity(order=4, degree=3), Capacity(order=2, degree=2)]
    """
    with quiet_rdkit():
        n_bonds = next(n for n in range(_UNLIMITED + 1) if n == _UNLIMITED or not _is_permitted(token, n + 1))
        atom = Chem.MolFromSmiles(token, sanitize=False).GetAtomWithIdx(0)
    if not atom.GetIsAromatic():
        return Capacity(n_bonds, n_bonds)
    # RDKit lets an aromatic atom pass with one bond more, because it counts aromatic bonds as 1.5.
    order = n_bonds - 1
    usual = Chem.GetPeriodicTable().GetDefaultValence(atom.GetAtomicNum()) if atom.GetFormalCharge() == 0 else 3
    return Capacity(order, min(order, min(usual, 3) - atom.GetNumExplicitHs()))


def _is_permitted(token: str, n_bonds: int) -> bool:
    mol: Mol = Chem.MolFromSmiles(token + "(C)" * n_bonds, sanitize=False)
    try:
        mol.UpdatePropertyCache(strict=True)
    except Chem.AtomValenceException:
        return False
    return True


def _find_pending_order(state: GrammarState) -> IntArray:
    """Return the order of the bond that the next atom or ring label would have, [B]; 0 for a first atom."""
    return np.where(state.current < 0, 0, _ORDERS[state.bond])


def _find_free_here(state: GrammarState, free: FreeValence) -> tuple[IntArray, IntArray]:
    """Return free order and degree of the current atom, [B, 1] each; where there is none yet, enough for all."""
    rows, atoms = np.arange(len(state.current)), np.maximum(state.current, 0)
    is_first = state.current < 0
    order = np.where(is_first, _UNLIMITED, free.order[rows, atoms])
    degree = np.where(is_first, _UNLIMITED, free.degree[rows, atoms])
    return order[:, None], degree[:, None]


def _find_open_rings(state: GrammarState, free: FreeValence, order: IntArray, max_length: int) -> OpenRings:
    is_open = state.anchor >= 0
    n_open = is_open.sum(1)
    spare = max_length - 2 - state.n_tokens - state.depth - n_open
    needed = is_open * _ORDERS[state.order]
    sites = _find_growing_returns(state, free, order)
    n_sites = (sites >= 0).sum(1, keepdims=True)
    most = state.waiting.max(1, keepdims=True, initial=0)
    is_inner = state.anchor > sites.max(1, keepdims=True, initial=-1)
    inner = (needed * is_inner).sum(1, keepdims=True)
    return OpenRings(needed.sum(1, keepdims=True), spare[:, None], n_sites, most, is_inner, inner)


def _find_growing_returns(state: GrammarState, free: FreeValence, order: IntArray) -> IntArray:
    """Return the atoms to which open branches return, [B, D], -1 for each that could not bind one more.

    Right behind "(" the current atom is such an atom; the branch's first bond is taken from it.
    """
    n_returns = int(state.depth.max(initial=0))
    returns = np.maximum(state.returns[:, :n_returns], 0)
    rows = np.arange(len(order))[:, None]
    is_here = returns == state.current[:, None]
    left = np.minimum(free.order[rows, returns] - is_here * order, free.degree[rows, returns] - is_here)
    is_growing = (left >= 1) & (np.arange(n_returns) < state.depth[:, None])
    return np.where(is_growing, returns, -1)


def _find_closable(state: GrammarState, free: FreeValence, order: IntArray) -> BoolArray:
    """Return whether the anchor of a ring that the current atom may close has room for a bond of that order, [B, 1]."""
    is_open, _, more = _find_ring_orders(state.anchor, state.order, order)
    room = free.order[np.arange(len(is_open))[:, None], np.maximum(state.anchor, 0)]
    return np.asarray((is_open & ~state.blocked & (room >= more)).any(1, keepdims=True))


def _find_fitting_labels(state: GrammarState, free: FreeValence, order: IntArray, rings: OpenRings) -> BoolArray:
    """Return whether each ring label keeps the valences of its two atoms, [B, L]."""
    here_order, here_degree = _find_free_here(state, free)
    is_open, needed, more = _find_ring_orders(state.anchor, state.order, order)
    fits_anchor = free.order[np.arange(len(order))[:, None], np.maximum(state.anchor, 0)] >= more
    left = np.minimum(here_order - needed, here_degree - 1)
    paid = needed - more
    change = np.where(is_open, -paid, paid)
    inner = np.where(is_open & ~rings.is_inner, 0, change)
    leads_on = rings.can_close(left, left, spare=np.where(is_open, 1, -1), order=change, inner=inner)
    fitting: BoolArray = (left >= 0) & fits_anchor & leads_on
    return fitting


def _add_rings(
    state: GrammarState, free: FreeValence, rows: NDArray[np.intp], labels: NDArray[np.intp], order: IntArray
) -> None:
    anchor = state.anchor[rows, labels]
    is_open, needed, more = _find_ring_orders(anchor, state.order[rows, labels], order)
    free.spend(rows, state.current[rows], needed)
    free.order[rows[is_open], anchor[is_open]] -= more[is_open]


def _find_ring_orders(
    anchor: IntArray, opening: IntArray, order: IntArray | np.int64
) -> tuple[BoolArray, IntArray, IntArray]:
    """Return whether a label's ring is open, the order of the ring bond, and what the anchor has yet to pay of it.

    Args:
        anchor: the atom that opened the ring, or -1.
        opening: the slot of the bond symbol written there; of no meaning where the anchor is -1.
        order: of the bond written now.
    """
    is_open = anchor >= 0
    paid = np.where(is_open, _ORDERS[opening], order)
    needed = np.maximum(order, paid)
    return is_open, needed, needed - paid
