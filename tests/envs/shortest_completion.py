"""Reference: how few tokens end a partial SMILES, found by breadth-first search over plain Python states."""

from typing import NamedTuple

ORDERS = {"-": 1, "=": 2}


class Partial(NamedTuple):
    last: str
    bond: int
    current: int
    stack: tuple[int, ...]
    rings: frozenset[tuple[str, int, int]]  # label, atom, bond order
    bonds: frozenset[frozenset[int]]
    n_atoms: int


EMPTY = Partial("", 0, -1, (), frozenset(), frozenset(), 0)


def count_tokens_to_end(smiles: str, alphabet: str) -> int:
    """Return the fewest tokens, END included, after `smiles`; each character is a token."""
    state: Partial | None = EMPTY
    for token in smiles:
        state = append(state, token)
        assert state is not None, smiles
    level, seen, n_tokens = {rename_atoms(state)}, set(), 1
    while not any(is_complete(state) for state in level):
        seen |= level
        successors = (append(state, token) for state in level for token in alphabet)
        level = {rename_atoms(state) for state in successors if state is not None} - seen
        n_tokens += 1
    return n_tokens


def is_complete(state: Partial) -> bool:
    return state.last in ("atom", ")") and not state.stack and not state.rings


def append(state: Partial, symbol: str) -> Partial | None:
    if symbol == "C":
        bonds = state.bonds | {frozenset({state.current, state.n_atoms})}
        return state._replace(last="atom", bond=0, current=state.n_atoms, bonds=bonds, n_atoms=state.n_atoms + 1)
    if symbol.isdigit():
        return append_ring(state, symbol) if state.last in ("atom", "atom-") else None
    if symbol in ORDERS and state.last in ("atom", ")", "("):
        return state._replace(last="atom-" if state.last == "atom" else "-", bond=ORDERS[symbol])
    if symbol == "(" and state.last in ("atom", ")"):
        return state._replace(last="(", stack=(*state.stack, state.current))
    if symbol == ")" and state.last in ("atom", ")") and state.stack:
        return state._replace(last=")", current=state.stack[-1], stack=state.stack[:-1])
    return None


def append_ring(state: Partial, label: str) -> Partial | None:
    ring = next((ring for ring in state.rings if ring[0] == label), None)
    if ring is None:
        opened = (label, state.current, state.bond)
        return state._replace(last="atom", bond=0, rings=state.rings | {opened})
    _, atom, order = ring
    pair = frozenset({atom, state.current})
    if len(pair) == 1 or pair in state.bonds or (order and state.bond and order != state.bond):
        return None
    return state._replace(last="atom", bond=0, rings=state.rings - {ring}, bonds=state.bonds | {pair})


def rename_atoms(state: Partial) -> Partial:
    """Number the atoms that still matter in a fixed order, forget the others: equal states meet."""
    atoms = [*state.stack, state.current, *(atom for _, atom, _ in sorted(state.rings))]
    names = {atom: i for i, atom in enumerate(dict.fromkeys(atoms))}
    return Partial(
        last=state.last,
        bond=state.bond,
        current=names[state.current],
        stack=tuple(names[atom] for atom in state.stack),
        rings=frozenset((label, names[atom], order) for label, atom, order in state.rings),
        bonds=frozenset(frozenset(names[a] for a in pair) for pair in state.bonds if pair <= names.keys()),
        n_atoms=len(names),
    )
