"""Cross-validation: every row is tested once, by a model that has seen neither it nor anything of its group."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from moldesign.datasets.splits import (
    Rows,
    Split,
    balanced_split,
    group_by_cluster,
    group_by_scaffold,
    order_by_time,
    random_split,
    time_split,
)

SplitKind = Literal["scaffold", "random", "cluster", "time"]

VALIDATION_PARTS = 8
"""Of the rows that are not tested, one part in so many is for validation."""


def split_rows(
    kind: SplitKind, smiles: Sequence[str], rng: np.random.Generator, times: NDArray[np.float64] | None = None
) -> Split:
    """Split molecules 80/10/10.

    Args:
        kind: what keeps the parts apart.
        smiles: N molecules.
        rng: deals rows, scaffolds or clusters; a split by time does not depend on it.
        times: of each molecule, float64 [N], for a split by time.

    Raises:
        ValueError: a split by time has no times.
        InvalidSmilesError: names the first row that is not a molecule.
    """
    if kind == "time":
        return time_split(_require_times(times))
    if kind == "random":
        return random_split(len(smiles), rng)
    return balanced_split(group_by_cluster(smiles) if kind == "cluster" else group_by_scaffold(smiles), rng)


def fold_rows(
    kind: SplitKind,
    smiles: Sequence[str],
    n_folds: int,
    rng: np.random.Generator,
    times: NDArray[np.float64] | None = None,
) -> list[Split]:
    """Return one split per fold; the test parts hold every molecule once.

    By time, fold i is tested on the i-th of `n_folds` later blocks and trained on all that is older, so that the
    oldest block is never tested.

    Args:
        kind: what keeps the folds apart.
        smiles: N molecules.
        n_folds: how many, 2 or more.
        rng: deals the rows of random folds; the others do not depend on it.
        times: of each molecule, float64 [N], for folds by time.

    Raises:
        ValueError: fewer than 2 folds, or folds by time without times.
        InvalidSmilesError: names the first row that is not a molecule.
    """
    if n_folds < 2:
        raise ValueError(f"cross-validation needs 2 folds or more, not {n_folds}")
    if kind == "time":
        return _fold_by_time(_require_times(times), n_folds)
    groups = _group(kind, smiles, rng)
    owner = _deal_evenly(groups, n_folds)
    return [_make_fold(groups, owner == fold) for fold in range(n_folds)]


def _group(kind: SplitKind, smiles: Sequence[str], rng: np.random.Generator) -> list[Rows]:
    if kind == "random":
        return list(rng.permutation(len(smiles))[:, None])
    return group_by_cluster(smiles) if kind == "cluster" else group_by_scaffold(smiles)


def _deal_evenly(groups: Sequence[Rows], n_parts: int) -> NDArray[np.int64]:
    """Return the part of each group: one after another, each goes to the part that has fewest rows."""
    sizes, owner = np.zeros(n_parts, dtype=np.int64), np.zeros(len(groups), dtype=np.int64)
    for number, rows in enumerate(groups):
        owner[number] = sizes.argmin()
        sizes[owner[number]] += len(rows)
    return owner


def _make_fold(groups: Sequence[Rows], is_test: NDArray[np.bool_]) -> Split:
    rest = [rows for rows, tested in zip(groups, is_test, strict=True) if not tested]
    n_parts = min(VALIDATION_PARTS, len(rest))
    # The last part gets none of the largest groups: validation on a single scaffold would say little.
    is_valid = (_deal_evenly(rest, n_parts) == n_parts - 1) & (n_parts > 1)
    train = [rows for rows, validated in zip(rest, is_valid, strict=True) if not validated]
    valid = [rows for rows, validated in zip(rest, is_valid, strict=True) if validated]
    test = [rows for rows, tested in zip(groups, is_test, strict=True) if tested]
    return Split(_join(train), _join(valid), _join(test))


def _fold_by_time(times: NDArray[np.float64], n_folds: int) -> list[Split]:
    blocks = np.array_split(order_by_time(times), n_folds + 1)
    folds = []
    for number in range(1, n_folds + 1):
        past = np.concatenate(blocks[:number])
        n_train = len(past) - len(past) // VALIDATION_PARTS
        folds.append(Split(np.sort(past[:n_train]), np.sort(past[n_train:]), np.sort(blocks[number])))
    return folds


def _require_times(times: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if times is None:
        raise ValueError("a split by time needs the time of each molecule")
    return times


def _join(groups: Sequence[Rows]) -> Rows:
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *groups]))
