"""Training, validation and test rows: at random, or so that no Murcko scaffold is in two of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols

Fractions = tuple[float, float, float]

DEFAULT_FRACTIONS: Fractions = (0.8, 0.1, 0.1)


class Split(NamedTuple):
    """Row numbers of each part, int64, sorted; together they hold every row exactly once."""

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]


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


def group_by_scaffold(smiles: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the rows of each Murcko scaffold, largest group first, ties by first row.

    Raises:
        InvalidSmilesError: names the first row that is not a molecule.
    """
    groups: dict[str, list[int]] = {}
    for row, mol in enumerate(require_mols(smiles)):
        groups.setdefault(murcko_scaffold(mol), []).append(row)
    by_size = sorted(groups.values(), key=lambda rows: (-len(rows), rows[0]))
    return [np.array(rows, dtype=np.int64) for rows in by_size]


def _deal_groups(groups: Sequence[NDArray[np.int64]], n_train: int, n_valid: int) -> Split:
    """Give each group to the first part that still has room for all of it, the rest to the test part."""
    room, parts = [n_train, n_valid], ([], [], [])  # type: tuple[list[int], tuple[list[int], ...]]
    for rows in groups:
        part = next((i for i in range(2) if len(rows) <= room[i]), 2)
        parts[part].extend(rows.tolist())
        if part < 2:
            room[part] -= len(rows)
    return Split(*(np.array(sorted(part), dtype=np.int64) for part in parts))


def _count_rows(n_rows: int, fractions: Fractions) -> tuple[int, int]:
    if len(fractions) != 3 or min(fractions) < 0 or not np.isclose(sum(fractions), 1.0):
        raise ValueError(f"fractions are three numbers >= 0 with sum 1 (train, valid, test), not {fractions}")
    n_train = round(n_rows * fractions[0])
    return n_train, min(round(n_rows * fractions[1]), n_rows - n_train)


def _cut(order: NDArray[np.int64], n_train: int, n_valid: int) -> Split:
    train, valid, test = np.split(order, [n_train, n_train + n_valid])
    return Split(np.sort(train), np.sort(valid), np.sort(test))
