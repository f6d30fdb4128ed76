"""Training, validation and test rows: at random, by time, or so that no scaffold or cluster is in two of them."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import DataStructs
from rdkit.SimDivFilters.rdSimDivPickers import LeaderPicker

from moldesign.chem.fingerprints import morgan_bits, nearest
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import Mol, parse_smiles
from moldesign.errors import InvalidSmilesError

Rows = NDArray[np.int64]
Fractions = tuple[float, float, float]

DEFAULT_FRACTIONS: Fractions = (0.8, 0.1, 0.1)

CLUSTER_SIMILARITY = 0.35
"""Tanimoto similarity (Morgan, radius 2) that a molecule has to the centre of its cluster, or more."""

_BLOCK = 4096
"""Molecules parsed at once; a table of millions of them does not fit into memory."""


class Split(NamedTuple):
    """Row numbers of each part, int64, sorted; together they hold every row exactly once."""

    train: Rows
    valid: Rows
    test: Rows

    @property
    def untested(self) -> Rows:
        """The rows of the training and the validation part, sorted."""
        return np.sort(np.concatenate([self.train, self.valid]))


def random_split(n_rows: int, rng: np.random.Generator, fractions: Fractions = DEFAULT_FRACTIONS) -> Split:
    """Deal the rows at random.

    >>> [len(part) for part in random_split(10, np.random.default_rng(0))]
    [8, 1, 1]
    """
    return _cut(rng.permutation(n_rows), *_count_rows(n_rows, fractions))


def scaffold_split(
    smiles: Sequence[str], fractions: Fractions = DEFAULT_FRACTIONS, rng: np.random.Generator | None = None
) -> Split:
    """Keep molecules of one Bemis-Murcko scaffold together; acyclic molecules count as one scaffold.

    Without `rng` the largest scaffolds go to training, so the test molecules are the unusual ones (the
    split of MoleculeNet, arXiv:1703.00564). With `rng` the scaffolds are dealt in random order.

    Raises:
        InvalidSmilesError: names the first row that is not a molecule.

    >>> scaffold_split(["Cc1ccccc1", "C1CCCCC1", "CCc1ccccc1", "C1CC1"], (0.5, 0.25, 0.25))
    Split(train=array([0, 2]), valid=array([1]), test=array([3]))
    """
    groups = group_by_scaffold(smiles)
    if rng is not None:
        groups = [groups[i] for i in rng.permutation(len(groups))]
    return _deal_groups(groups, *_count_rows(len(smiles), fractions))


def time_split(times: Sequence[float] | NDArray[np.float64], fractions: Fractions = DEFAULT_FRACTIONS) -> Split:
    """Train on the past, test on the newest rows; of equal times the earlier row counts as older.

    >>> time_split([2021, 2019, 2020, 2018], (0.5, 0.25, 0.25))
    Split(train=array([1, 3]), valid=array([2]), test=array([0]))
    """
    return _cut(order_by_time(times), *_count_rows(len(times), fractions))


def balanced_split(groups: Sequence[Rows], rng: np.random.Generator, fractions: Fractions = DEFAULT_FRACTIONS) -> Split:
    """Deal groups of rows at random, but those larger than half a test part to training, as chemprop does.

    So no part hangs on the order of the table, which may be sorted by the very values that are to be learned.

    Args:
        groups: every row in one of them.
        rng: deals the smaller groups.
        fractions: of the rows, for each part.
    """
    n_rows = sum(map(len, groups))
    limit = n_rows * fractions[2] / 2
    large = [rows for rows in groups if len(rows) > limit]
    small = [rows for rows in groups if len(rows) <= limit]
    shuffled = [small[place] for place in rng.permutation(len(small))]
    return _deal_groups([*large, *shuffled], *_count_rows(n_rows, fractions))


def order_by_time(times: Sequence[float] | NDArray[np.float64]) -> Rows:
    """Return the rows, oldest first."""
    return np.argsort(np.asarray(times, dtype=np.float64), kind="stable").astype(np.int64)


def group_by_scaffold(smiles: Sequence[str]) -> list[Rows]:
    """Return the rows of each Murcko scaffold, largest group first, ties by first row.

    Raises:
        InvalidSmilesError: names the first row that is not a molecule.
    """
    return _gather(murcko_scaffold(mol) for mols in _parse_blocks(smiles) for mol in mols)


def group_by_cluster(smiles: Sequence[str], min_similarity: float = CLUSTER_SIMILARITY) -> list[Rows]:
    """Return the rows of each cluster of similar molecules, largest first, ties by first row.

    The first molecule is the centre of a cluster, and so is each later one that is not similar to any centre before it
    (sphere exclusion); then every molecule joins the most similar centre.

    Raises:
        InvalidSmilesError: names the first row that is not a molecule.
    """
    if len(smiles) == 0:
        return []
    packed = np.concatenate([morgan_bits(mols) for mols in _parse_blocks(smiles)])
    bits = [DataStructs.CreateFromBinaryText(row.tobytes()) for row in packed]
    leaders = np.array(LeaderPicker().LazyBitVectorPick(bits, len(bits), 1 - min_similarity), dtype=np.int64)
    return _gather(nearest(packed, packed[leaders]).index.tolist())


def _gather(keys: Iterable[Hashable]) -> list[Rows]:
    """Return the rows of each key, largest group first, ties by first row."""
    groups: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(key, []).append(row)
    by_size = sorted(groups.values(), key=lambda rows: (-len(rows), rows[0]))
    return [np.array(rows, dtype=np.int64) for rows in by_size]


def _parse_blocks(smiles: Sequence[str]) -> Iterator[list[Mol]]:
    for start in range(0, len(smiles), _BLOCK):
        mols, errors = parse_smiles(smiles[start : start + _BLOCK], first_row=start)
        if (first := next((error for error in errors if error), None)) is not None:
            raise InvalidSmilesError(first)
        yield [mol for mol in mols if mol is not None]


def _deal_groups(groups: Sequence[Rows], n_train: int, n_valid: int) -> Split:
    """Give each group to the first part that still has room for all of it, the rest to the test part.

    The first group goes to training even where it is too large: of one chemical series the outsiders are tested. A
    validation part that no group fits into takes the last group, where there is one to spare.
    """
    room = [n_train, n_valid]
    parts: tuple[list[Rows], ...] = ([], [], [])
    for rows in groups:
        part = 0 if n_train and not parts[0] else next((i for i in range(2) if len(rows) <= room[i]), 2)
        parts[part].append(rows)
        if part < 2:
            room[part] -= len(rows)
    if n_valid and not parts[1] and (spare := next((part for part in (parts[2], parts[0]) if len(part) > 1), None)):
        parts[1].append(spare.pop())
    empty = np.zeros(0, dtype=np.int64)
    return Split(*(np.sort(np.concatenate([empty, *part])) for part in parts))


def _count_rows(n_rows: int, fractions: Fractions) -> tuple[int, int]:
    if len(fractions) != 3 or min(fractions) < 0 or not np.isclose(sum(fractions), 1.0):
        raise ValueError(f"fractions are three numbers >= 0 with sum 1 (train, valid, test), not {fractions}")
    n_train = round(n_rows * fractions[0])
    return n_train, min(round(n_rows * fractions[1]), n_rows - n_train)


def _cut(order: Rows, n_train: int, n_valid: int) -> Split:
    train, valid, test = np.split(order, [n_train, n_train + n_valid])
    return Split(np.sort(train), np.sort(valid), np.sort(test))
