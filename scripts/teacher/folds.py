"""Folds for predictions of molecules that a model has not seen: no scaffold is in two of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import require_mols
from moldesign.datasets.splits import group_by_scaffold


def assign_folds(smiles: Sequence[str], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each molecule, int64 [N], values 0 to `n_folds` - 1.

    Molecules of one Murcko scaffold share a fold; acyclic ones have no scaffold, and are dealt one by one. The largest
    group goes to the smallest fold, so that the sizes differ as little as the largest scaffolds allow; ties are drawn.

    Raises:
        InvalidSmilesError: names the first row that is not a molecule.
        ValueError: fewer than two folds, or fewer molecules than folds.

    >>> assign_folds(["Cc1ccccc1", "CCc1ccccc1", "C1CC1", "CC1CC1"], 2, seed=0).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    if not 2 <= n_folds <= len(smiles):
        raise ValueError(f"{n_folds} folds of {len(smiles)} molecules: take at least 2, and at most one per molecule")
    rng = np.random.default_rng(seed)
    groups = _list_groups(smiles)
    order = sorted(rng.permutation(len(groups)).tolist(), key=lambda i: -len(groups[i]))
    folds = np.empty(len(smiles), dtype=np.int64)
    sizes = np.zeros(n_folds, dtype=np.int64)
    for i in order:
        smallest = rng.choice(np.flatnonzero(sizes == sizes.min()))
        folds[groups[i]] = smallest
        sizes[smallest] += len(groups[i])
    return folds


def _list_groups(smiles: Sequence[str]) -> list[NDArray[np.int64]]:
    has_ring = np.array([mol.GetRingInfo().NumRings() > 0 for mol in require_mols(smiles)])
    cyclic = [rows for rows in group_by_scaffold(smiles) if has_ring[rows[0]]]
    return [*cyclic, *np.flatnonzero(~has_ring)[:, None]]
