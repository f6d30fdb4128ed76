r"""Which tokens may come next: SMILES syntax, with look-ahead to the length limit, for a batch of strings.

The language is OpenSMILES (http://opensmiles.org) as RDKit reads it without sanitization, in the form that
RDKit writes:

    smiles = chain { "." chain }                  chain  = atom { [bond] atom }
    atom   = ATOM { [bond] RING } { branch }      branch = "(" [bond] chain ")"

Every ring is opened and closed inside one chain that no "." cuts ("C1.C1", "C(.C)" and "C(C)1CC1" are left
out, though RDKit reads some of these); no ring bond joins an atom to itself or to one it is bonded to ("C11",
"C1C1", "C12CC12"); the two bond symbols of a ring, if both are written, have one order ("C=1CC-1" is left
out; "-", "/" and "\" are all single). Valence and aromaticity are chemistry, not syntax, and not looked at.

A token is allowed exactly if some string of the language goes on with it and fits the limit. The fewest
tokens that end a partial string are: one per open branch, one per open ring, END, and the new atoms without
which the rings cannot be closed. Each atom can close one ring per anchor (the atom where the ring was
opened), except at an anchor it is bonded to. So with `w` the most rings that wait at one anchor, a chain of
`w` new atoms closes them all, if its first atom grows from an atom where fewer than `w` wait: the current
one, or one of those to which the open branches return. Otherwise it takes `w + 1`.
"""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from moldesign.envs.tokens import Slot, assign_slots
from moldesign.envs.vocabulary import Vocabulary

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_NO_ATOM = -2
_NO_RING = -1
_MANY = 1 << 14
_BONDS = (Slot.SINGLE, Slot.DOUBLE, Slot.TRIPLE, Slot.AROMATIC, Slot.QUADRUPLE)


class After(IntEnum):
    """What the last token of a partial string was, as far as the next one depends on it."""

    START = 0
    """Nothing yet, or a dot."""
    ATOM = 1
    """An atom or a ring label: more ring labels may follow."""
    CLOSE = 2
    OPEN = 3
    ATOM_BOND = 4
    """A bond symbol behind an atom or a ring label: a ring label may follow."""
    BOND = 5
    """A bond symbol behind a parenthesis: only an atom may follow."""
    END = 6


@dataclass(slots=True)
class GrammarState:
    """A batch of B partial strings over L ring labels; `Grammar.step` changes it in place."""

    allowed: BoolArray
    """[B, V]: the tokens that may come next."""
    n_tokens: IntArray
    """[B]: tokens so far, END included."""
    after: IntArray
    """[B]: an `After`."""
    bond: IntArray
    """[B]: the slot of the bond symbol just written, 0 if none."""
    n_atoms: IntArray
    """[B]"""
    current: IntArray
    """[B]: the atom that the next one will be bonded to."""
    depth: IntArray
    """[B]: open branches."""
    returns: IntArray
    """[B, D]: the atoms to which the open branches return; the first `depth` entries count."""
    n_idle: IntArray
    """[B]: how many of these have no open ring."""
    anchor: IntArray
    """[B, L]: the atom where a ring was opened, -1 if the label is free."""
    order: IntArray
    """[B, L]: the slot of the bond symbol at the opening, 0 if none."""
    waiting: IntArray
    """[B, L]: open rings that share this ring's anchor, itself included; 0 if the label is free."""
    blocked: BoolArray
    """[B, L]: the anchor is the current atom or bonded to it."""
    returning: BoolArray
    """[B, L]: the anchor is an atom to which an open branch returns."""

    @property
    def ended(self) -> BoolArray:
        """[B]: which strings have ended."""
        is_ended: BoolArray = self.after == After.END
        return is_ended


class Grammar:
    """The rules for one vocabulary and one length limit; holds no state of its own.

    Args:
        vocabulary: the tokens; each needs a role in the grammar.
        max_length: the most tokens of a string, END included (at least 2: one atom and END).

    Raises:
        UnknownTokenError: a token of the vocabulary has no role in the grammar.

    >>> grammar = Grammar(Vocabulary.from_tokens(["C", "O", "=", "(", ")", "1"]), max_length=6)
    >>> state = grammar.start(1)
    >>> for token in grammar.vocabulary.encode("C1C"):
    ...     if token > 2: grammar.step(state, np.array([token]))
    >>> [grammar.vocabulary.tokens[i] for i in np.flatnonzero(grammar.mask(state)[0])]
    ['C', 'O']
    """

    def __init__(self, vocabulary: Vocabulary, max_length: int) -> None:
        if max_length < 2:
            raise ValueError(f"max_length is {max_length}; the shortest string, an atom and END, takes 2")
        self.vocabulary = vocabulary
        self.max_length = max_length
        self._slots = assign_slots(vocabulary)
        self._n_slots = max(int(self._slots.max()) + 1, Slot.RING)
        self._bonds = [bond for bond in _BONDS if bond in self._slots]
        self._origin = self._create(1)
        self._origin.allowed = self._find_allowed(self._origin)

    def start(self, batch: int) -> GrammarState:
        """Return the state of `batch` empty strings."""
        state = self._create(batch)
        state.allowed[:] = self._origin.allowed
        return state

    def restart(self, state: GrammarState, rows: BoolArray) -> None:
        """Make the strings of `rows`, bool [B], empty again."""
        for field in fields(state):
            getattr(state, field.name)[rows] = getattr(self._origin, field.name)[0]

    def end(self, state: GrammarState, rows: BoolArray) -> None:
        """End the strings of `rows`, bool [B], as they are, finished or not."""
        state.after[rows] = After.END
        state.allowed[rows] = self._slots == Slot.PAD

    def mask(self, state: GrammarState) -> BoolArray:
        """Return which tokens may come next, bool [B, V]: at least one each; only PAD for an ended string."""
        return state.allowed.copy()

    def step(self, state: GrammarState, actions: NDArray[np.integer]) -> None:
        """Append one token to each string, in place.

        Args:
            state: changed.
            actions: token indices, [B]; each allowed by `mask`. PAD leaves an ended string as it is.

        Raises:
            ValueError: a token is not allowed there; names row and token. The state is unchanged.
        """
        self._require_allowed(state, actions)
        slots = self._slots[actions]
        state.n_tokens += slots != Slot.PAD
        state.after[slots == Slot.END] = After.END
        _add_dots(state, np.flatnonzero(slots == Slot.DOT))
        _add_atoms(state, np.flatnonzero(slots == Slot.ATOM))
        _open_branches(state, np.flatnonzero(slots == Slot.OPEN))
        _close_branches(state, np.flatnonzero(slots == Slot.CLOSE))
        _add_bonds(state, np.flatnonzero((slots >= Slot.SINGLE) & (slots < Slot.RING)), slots)
        self._add_rings(state, np.flatnonzero(slots >= Slot.RING), slots)
        state.allowed = self._find_allowed(state)

    def _create(self, batch: int) -> GrammarState:
        n_labels = self._n_slots - Slot.RING
        max_depth = self.max_length // 2 + 1

        def fill(value: int, *width: int) -> IntArray:
            return np.full((batch, *width), value, dtype=np.int64)

        return GrammarState(
            allowed=np.zeros((batch, len(self.vocabulary)), dtype=bool),
            n_tokens=fill(0),
            after=fill(After.START),
            bond=fill(0),
            n_atoms=fill(0),
            current=fill(_NO_ATOM),
            depth=fill(0),
            returns=fill(_NO_ATOM, max_depth),
            n_idle=fill(0),
            anchor=fill(_NO_RING, n_labels),
            order=fill(0, n_labels),
            waiting=fill(0, n_labels),
            blocked=np.zeros((batch, n_labels), dtype=bool),
            returning=np.zeros((batch, n_labels), dtype=bool),
        )

    def _require_allowed(self, state: GrammarState, actions: NDArray[np.integer]) -> None:
        is_allowed = state.allowed[np.arange(len(state.n_tokens)), actions]
        if not is_allowed.all():
            row = int(np.argmin(is_allowed))
            token = self.vocabulary.tokens[actions[row]]
            raise ValueError(f"row {row}: the token {token!r} is not allowed after {state.n_tokens[row]} tokens")

    def _add_rings(self, state: GrammarState, rows: NDArray[np.intp], slots: NDArray[np.intp]) -> None:
        if not rows.size:
            return
        labels = slots[rows] - Slot.RING
        is_free = state.anchor[rows, labels] == _NO_RING
        _open_rings(state, rows[is_free], labels[is_free])
        _close_rings(state, rows[~is_free], labels[~is_free])
        state.after[rows] = After.ATOM
        state.bond[rows] = 0

    def _find_allowed(self, state: GrammarState) -> BoolArray:
        """Return which tokens may come next, bool [B, V]."""
        after, waiting = state.after, state.waiting
        is_open = state.anchor != _NO_RING
        is_here = state.anchor == state.current[:, None]
        may_label = (after == After.ATOM) | (after == After.ATOM_BOND)
        may_branch = (after == After.ATOM) | (after == After.CLOSE)
        closable = is_open & ~state.blocked & may_label[:, None]
        n_open, n_here = is_open.sum(1), is_here.sum(1)

        # Tokens that remain for new atoms, if this token closes nothing.
        spare = self.max_length - 1 - state.n_tokens - (state.depth + n_open + 1)
        # New atoms that must follow an atom, a ring label, ...: rings that the current atom can still close
        # need none (`left`); behind a parenthesis it can close no more (`waiting`).
        after_atom = (waiting - is_open + is_here).max(1, initial=0)
        left = waiting - closable
        most, least = left.max(1, initial=0), _find_least_at_return(state, left)
        after_label = _count_new_atoms(most, np.minimum(n_here, least))
        after_opening = _count_new_atoms(np.maximum(most, n_here + 1), np.minimum(n_here + 1, least))
        after_close = _count_new_atoms(waiting.max(1, initial=0), _find_least_at_return(state, waiting))

        table = np.zeros((len(after), self._n_slots), dtype=bool)
        table[:, Slot.PAD] = after == After.END
        is_closed = may_branch & (state.depth == 0) & (n_open == 0)
        table[:, Slot.END] = is_closed
        table[:, Slot.DOT] = is_closed & (spare >= 1)
        table[:, Slot.ATOM] = (after != After.END) & (after_atom <= spare)
        table[:, Slot.OPEN] = may_branch & (after_atom + 2 <= spare)
        table[:, Slot.CLOSE] = may_branch & (state.depth > 0) & (after_close <= spare + 1)
        may_bond = may_branch | (after == After.OPEN)
        for bond in self._bonds:
            fits = closable & ((state.order == 0) | (state.order == bond))
            closes = fits.any(1) & (after_label <= spare)
            table[:, bond] = may_bond & ((after_atom + 1 <= spare) | closes)
        agrees = (state.bond[:, None] == 0) | (state.order == 0) | (state.order == state.bond[:, None])
        may_open = may_label & (after_opening + 1 <= spare)
        table[:, Slot.RING :] = np.where(is_open, closable & agrees, may_open[:, None])
        allowed: BoolArray = table.take(self._slots, axis=1)
        return allowed


def _find_least_at_return(state: GrammarState, waiting: IntArray) -> IntArray:
    """Return the fewest rings, [B], that wait at any one of the atoms to which the open branches return."""
    least = np.where(state.returning, waiting, _MANY).min(1, initial=_MANY)
    return np.where(state.n_idle > 0, 0, least)


def _count_new_atoms(most: IntArray, least: IntArray) -> IntArray:
    """Return the fewest new atoms, [B], that close all rings.

    Args:
        most: [B], the most rings that wait at one anchor.
        least: [B], the fewest rings that wait at an atom from which the chain may grow.

    >>> _count_new_atoms(np.array([0, 2, 2]), np.array([0, 1, 2])).tolist()
    [0, 2, 3]
    """
    n_atoms: IntArray = most + ((most > 0) & (least >= most))
    return n_atoms


def _add_dots(state: GrammarState, rows: NDArray[np.intp]) -> None:
    state.after[rows] = After.START
    state.current[rows] = _NO_ATOM


def _add_atoms(state: GrammarState, rows: NDArray[np.intp]) -> None:
    state.blocked[rows] = state.anchor[rows] == state.current[rows, None]
    state.current[rows] = state.n_atoms[rows]
    state.n_atoms[rows] += 1
    state.after[rows] = After.ATOM
    state.bond[rows] = 0


def _add_bonds(state: GrammarState, rows: NDArray[np.intp], slots: NDArray[np.intp]) -> None:
    state.bond[rows] = slots[rows]
    state.after[rows] = np.where(state.after[rows] == After.ATOM, After.ATOM_BOND, After.BOND)


def _open_branches(state: GrammarState, rows: NDArray[np.intp]) -> None:
    state.returns[rows, state.depth[rows]] = state.current[rows]
    state.depth[rows] += 1
    is_here = state.anchor[rows] == state.current[rows, None]
    state.returning[rows] |= is_here
    state.n_idle[rows] += ~is_here.any(1)
    state.after[rows] = After.OPEN


def _close_branches(state: GrammarState, rows: NDArray[np.intp]) -> None:
    state.depth[rows] -= 1
    state.current[rows] = state.returns[rows, state.depth[rows]]
    is_here = state.anchor[rows] == state.current[rows, None]
    state.returning[rows] &= ~is_here
    state.n_idle[rows] -= ~is_here.any(1)
    state.after[rows] = After.CLOSE


def _open_rings(state: GrammarState, rows: NDArray[np.intp], labels: NDArray[np.intp]) -> None:
    state.anchor[rows, labels] = state.current[rows]
    state.order[rows, labels] = state.bond[rows]
    state.blocked[rows, labels] = True
    is_here = state.anchor[rows] == state.current[rows, None]
    state.waiting[rows] = np.where(is_here, is_here.sum(1, keepdims=True), state.waiting[rows])


def _close_rings(state: GrammarState, rows: NDArray[np.intp], labels: NDArray[np.intp]) -> None:
    shares_anchor = state.anchor[rows] == state.anchor[rows, labels][:, None]
    state.n_idle[rows] += state.returning[rows, labels] & (state.waiting[rows, labels] == 1)
    state.blocked[rows] |= shares_anchor
    state.waiting[rows] -= shares_anchor
    state.anchor[rows, labels] = _NO_RING
    state.waiting[rows, labels] = 0
    state.returning[rows, labels] = False
