"""The split of a table that has grown: rows that were dealt keep their part, new ones are dealt around them."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.folds import SplitKind
from moldesign.datasets.splits import (
    DEFAULT_FRACTIONS,
    Fractions,
    Rows,
    Split,
    balanced_split,
    group_by_cluster,
    group_by_scaffold,
    time_split,
)

Parts = NDArray[np.int8]
"""Of each row: `TRAIN`, `VALID`, `TEST`, or `NEW` where it has not been dealt."""

NEW, TRAIN, VALID, TEST = -1, 0, 1, 2


def deal_newcomers(
    parts: Parts,
    smiles: Sequence[str],
    kind: SplitKind,
    rng: np.random.Generator,
    *,
    old_kinds: Collection[SplitKind],
    times: NDArray[np.float64] | None = None,
) -> Split:
    """Deal new molecules 80/10/10, without a leak from or into the parts of the old ones, which stay as they are.

    Where scaffolds (or clusters) were kept apart, a new molecule of a scaffold that is tested already is tested, too;
    where they are now, one of a scaffold that is trained or validated on joins that part. The other groups are dealt so
    that the parts of the new molecules come as near to 80/10/10 as the bound ones leave it.

    Args:
        parts: of the N molecules.
        smiles: N molecules.
        kind: what keeps the parts of the new molecules apart.
        rng: deals them; by time it is not used.
        old_kinds: what has kept those of the old ones apart.
        times: of each molecule, float64 [N], for a split by time; those of old molecules are not looked at.

    Raises:
        ValueError: a split by time has no times.
        InvalidSmilesError: names the first row that is not a molecule.

    >>> rings = ["C1CC1", "C1CCC1", "CC1CCC1", "C1CCCC1"]
    >>> deal_newcomers(np.array([0, 2, -1, -1]), rings, "random", np.random.default_rng(0), old_kinds=["scaffold"])
    Split(train=array([0, 3]), valid=array([], dtype=int64), test=array([1, 2]))
    """
    dealt = np.array(parts, dtype=np.int8)
    n_new = int((dealt == NEW).sum())
    for old_kind in sorted(set(old_kinds)):
        for rows in _group(old_kind, smiles):
            if TEST in parts[rows]:
                dealt[rows[dealt[rows] == NEW]] = TEST
    groups = _group(kind, smiles)
    for rows in groups:
        if len(bound := dealt[rows][dealt[rows] != NEW]):
            dealt[rows[dealt[rows] == NEW]] = bound.min()  # what is of a scaffold that is learned from is no test
    free = np.flatnonzero(dealt == NEW)
    fractions = _share_out(np.bincount(dealt[(parts == NEW) & (dealt != NEW)], minlength=3), n_new)
    if kind == "time":
        if times is None:
            raise ValueError("a split by time needs the time of each molecule")
        split = time_split(times[free], fractions)
    else:
        split = balanced_split(_find_groups(groups, free, rng), rng, fractions)
    for part, rows in enumerate(split):
        dealt[free[rows]] = part
    return Split(*(np.flatnonzero(dealt == part) for part in (TRAIN, VALID, TEST)))


def _group(kind: SplitKind, smiles: Sequence[str]) -> list[Rows]:
    """Return the rows that must stay together; none where rows are dealt one by one."""
    if kind == "scaffold":
        return group_by_scaffold(smiles)
    return group_by_cluster(smiles) if kind == "cluster" else []


def _find_groups(groups: Sequence[Rows], free: Rows, rng: np.random.Generator) -> list[Rows]:
    """Return the groups that are free, by the place of their rows in `free`; single rows where there are no groups."""
    if not groups:
        return list(rng.permutation(len(free))[:, None])
    place = {row: number for number, row in enumerate(free.tolist())}
    return [np.array([place[row] for row in rows.tolist()]) for rows in groups if int(rows[0]) in place]


def _share_out(bound: NDArray[np.int64], n_new: int) -> Fractions:
    """Return how the free rows are dealt, given how many new ones are bound to each part."""
    wanted = np.maximum(np.array(DEFAULT_FRACTIONS) * n_new - bound, 0.0)
    if wanted.sum() == 0:
        return DEFAULT_FRACTIONS
    train, valid, test = (wanted / wanted.sum()).tolist()
    return train, valid, test
