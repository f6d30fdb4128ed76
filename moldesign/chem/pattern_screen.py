"""Which of many SMARTS patterns a molecule may match: a quick test that never leaves out one that it does match.

A match lays each atom and bond of the pattern on an atom and bond of the molecule of its own. So for each kind of atom
and bond in the pattern, the molecule must hold at least as many that fit it when looked at alone: an atom with its own
properties, a bond with its two ends. Whether they fit is known for the few hundred different atoms and the few thousand
different bonds of drug-like molecules after each was met once; the rest is counting.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from moldesign.chem.smiles import Mol

Columns = NDArray[np.intp]
AtomKey = tuple[Hashable, ...]
"""Everything that SMARTS can ask of an atom alone: two atoms of one key fit the same patterns."""
BondKey = tuple[AtomKey, AtomKey, Hashable, bool]

_FIRST_ATOM = re.compile(r"Cl|Br|[A-Za-z*]")


class PatternScreen:
    """Finds the patterns that a molecule may match. What is learned of each atom and bond is kept.

    Args:
        patterns: made of the primitives of Daylight's SMARTS; chirality is not looked at.

    >>> acid, ester = Chem.MolFromSmarts("C(=O)[OH]"), Chem.MolFromSmarts("C(=O)O[#6]")
    >>> PatternScreen([acid, ester]).find_candidates(Chem.MolFromSmiles("CC(=O)OC"))
    [1]
    """

    def __init__(self, patterns: Sequence[Mol]) -> None:
        parts = [(row, part) for row, pattern in enumerate(patterns) for part in _split_alternatives(pattern)]
        self._owners = [row for row, _ in parts]
        self._kinds: dict[Hashable, int] = {}
        """Column of each kind: the SMARTS of an atom, or the kinds of two atoms and the query between them."""
        self._bond_queries: dict[tuple[str, bool], Chem.Bond] = {}
        counts = [self._count_kinds(part) for _, part in parts]
        self._atom_queries = {c: Chem.MolFromSmarts(kind) for kind, c in self._kinds.items() if isinstance(kind, str)}
        bonds = [(column, *kind) for kind, column in self._kinds.items() if isinstance(kind, tuple)]
        self._bonds = np.array(bonds, dtype=np.intp).reshape(-1, 4).T
        self._columns, self._minima, self._needs = _index_needs(counts)
        self._atoms_met: dict[AtomKey, Columns] = {}
        self._bonds_met: dict[BondKey, Columns] = {}

    def find_candidates(self, mol: Mol) -> list[int]:
        """Return the rows of the patterns that `mol` may match, ascending: all that it does match, and some more.

        Args:
            mol: sanitized, with its rings.
        """
        if mol.GetNumAtoms() == 0:
            return []
        keys = _describe_atoms(mol)
        if not self._atoms_met.keys() >= set(keys):
            self._meet_atoms(mol, keys)
        fitting = [self._atoms_met[key] for key in keys]
        for i in range(mol.GetNumBonds()):
            bond = mol.GetBondWithIdx(i)
            key = (keys[bond.GetBeginAtomIdx()], keys[bond.GetEndAtomIdx()], bond.GetBondType(), bond.IsInRing())
            row = self._bonds_met.get(key)
            fitting.append(self._meet_bond(bond, key) if row is None else row)
        present = np.bincount(np.concatenate(fitting), minlength=len(self._kinds))
        missing = np.packbits(present[self._columns] < self._minima).view(np.uint64)
        is_candidate = ~(self._needs & missing).any(axis=1)
        return list(dict.fromkeys(self._owners[part] for part in np.flatnonzero(is_candidate).tolist()))

    def _count_kinds(self, pattern: Mol) -> Counter[int]:
        """Return how many atoms and bonds of each kind the pattern has, by column."""
        Chem.FastFindRings(pattern)
        kinds = [self._number(_look_at_one_atom(atom.GetSmarts())) for atom in pattern.GetAtoms()]
        columns = list(kinds)
        for bond in pattern.GetBonds():
            # A bond in a ring of the pattern lies on a ring of the molecule.
            query = (bond.GetSmarts(), bond.IsInRing())
            self._bond_queries.setdefault(query, bond)
            number = list(self._bond_queries).index(query)
            columns.append(self._number((kinds[bond.GetBeginAtomIdx()], number, kinds[bond.GetEndAtomIdx()])))
        return Counter(columns)

    def _number(self, kind: Hashable) -> int:
        return self._kinds.setdefault(kind, len(self._kinds))

    def _meet_atoms(self, mol: Mol, keys: Sequence[AtomKey]) -> None:
        fits = np.zeros((len(keys), len(self._kinds)), dtype=bool)
        for column, query in self._atom_queries.items():
            fits[[atom for (atom,) in mol.GetSubstructMatches(query, maxMatches=len(keys))], column] = True
        self._atoms_met.update((key, np.flatnonzero(row)) for key, row in zip(keys, fits, strict=True))

    def _meet_bond(self, bond: Chem.Bond, key: BondKey) -> Columns:
        columns, begins, queries, ends = self._bonds
        one, other = (np.bincount(self._atoms_met[atom], minlength=len(self._kinds)) > 0 for atom in key[:2])
        is_right = [query.Match(bond) and (key[3] or not in_ring) for (_, in_ring), query in self._bond_queries.items()]
        either_way = (one[begins] & other[ends]) | (other[begins] & one[ends])
        return self._bonds_met.setdefault(key, columns[either_way & np.array(is_right, dtype=bool)[queries]])


def _describe_atoms(mol: Mol) -> list[AtomKey]:
    rings: list[tuple[int, ...]] = [()] * mol.GetNumAtoms()
    for ring in mol.GetRingInfo().AtomRings():
        for i in ring:
            rings[i] += (len(ring),)
    atoms = map(mol.GetAtomWithIdx, range(len(rings)))
    return [
        (
            atom.GetAtomicNum(),
            atom.GetIsAromatic(),
            atom.GetFormalCharge(),
            atom.GetIsotope(),
            atom.GetTotalNumHs(True),
            atom.GetDegree(),
            atom.GetTotalDegree(),
            atom.GetTotalValence(),
            sizes,
        )
        for atom, sizes in zip(atoms, rings, strict=True)
    ]


def _index_needs(counts: Sequence[Counter[int]]) -> tuple[NDArray[np.intp], NDArray[np.uint16], NDArray[np.uint64]]:
    """Return the different needs, "at least `minimum` of the kind `column`", and as bits which of them each part has.

    The needs fill whole words of bits: behind the last one come some that everything meets.
    """
    needs = {need: i for i, need in enumerate(dict.fromkeys(need for count in counts for need in count.items()))}
    padding = [(0, 0)] * (-len(needs) % 64)
    table = np.zeros((len(counts), len(needs) + len(padding)), dtype=bool)
    for row, count in enumerate(counts):
        table[row, [needs[need] for need in count.items()]] = True
    columns, minima = np.array([*needs, *padding], dtype=np.intp).reshape(-1, 2).T
    return columns, minima.astype(np.uint16), np.packbits(table, axis=1).view(np.uint64)


def _split_alternatives(pattern: Mol) -> list[Mol]:
    """Return the patterns of which one must match: those of an atom such as `[$(A),$(B)]`, or the pattern itself."""
    if pattern.GetNumAtoms() == 1:
        smarts = pattern.GetAtomWithIdx(0).GetSmarts()
        inner = [smarts[start + 2 : end - 1] for start, end in _find_recursions(smarts)]
        if smarts == f"[{','.join(f'$({alternative})' for alternative in inner)}]":
            return [Chem.MolFromSmarts(alternative) for alternative in inner]
    return [pattern]


def _look_at_one_atom(smarts: str) -> str:
    """Return the SMARTS of an atom without what it asks of other atoms, so that at least the same atoms fit.

    >>> _look_at_one_atom("[N&X3&!$(N-C=O),$([n&H1]1cccc1)]")
    '[N&X3&*,$([n&H1])]'
    """
    pieces, done = [], 0
    for start, end in _find_recursions(smarts):
        inner = smarts[start + 2 : end - 1]
        is_negated = smarts[start - 1] == "!"
        pieces += [smarts[done : start - is_negated], "*" if is_negated else f"$({_take_first_atom(inner)})"]
        done = end
    return "".join([*pieces, smarts[done:]])


def _take_first_atom(smarts: str) -> str:
    if smarts.startswith("["):
        return _look_at_one_atom(smarts[: _find_end(smarts, 0, "[]")])
    if (match := _FIRST_ATOM.match(smarts)) is None:
        raise ValueError(f"the SMARTS {smarts!r} begins with no atom")
    return match[0]


def _find_recursions(smarts: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every outer `$(...)`."""
    start = smarts.find("$(")
    while start >= 0:
        end = _find_end(smarts, start + 1, "()")
        yield start, end
        start = smarts.find("$(", end)


def _find_end(text: str, start: int, brackets: str) -> int:
    """Return the position behind the bracket that closes the one at `start`."""
    depth = 0
    for position, sign in enumerate(text[start:], start=start):
        depth += (sign == brackets[0]) - (sign == brackets[1])
        if depth == 0:
            return position + 1
    raise ValueError(f"the SMARTS {text!r} has a bracket that is not closed")
