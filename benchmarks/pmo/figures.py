"""What a run is judged by: the area under its curve of the best, and what its best molecules are like."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.pmo.library import Library
from moldesign.chem.alerts import count_alerts
from moldesign.chem.descriptors import compute_descriptors
from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.smiles import Mol, require_mols

LOG_EVERY = 100
"""Calls between the points of the curve."""
N_TOP = 10
"""Molecules of which the benchmark averages the scores."""
_ROUNDING = 1e-9
N_BEST = 100
"""Molecules whose quality is described."""
MAX_SA = 4.0


def compute_auc(scores: Sequence[float] | NDArray[np.float64], budget: int, *, top: int = 10) -> float:
    """Return the area under the mean of the best `top` scores over the calls, divided by the budget.

    As in PMO (arXiv:2206.12411): from 0 at no call, a point every 100 calls and one at the last, straight lines
    between; a run that ended early keeps its last value up to the budget. 0 without any call.

    Args:
        scores: [N], in the order of the calls; those beyond the budget do not count.
        budget: calls of a whole run.
        top: how many of the best are averaged; all, while there are fewer.

    >>> compute_auc([0.5] * 200, 200, top=1), compute_auc([0.5] * 100, 200, top=1)
    (0.375, 0.375)
    """
    counted = np.asarray(scores, dtype=np.float64)[:budget]
    if counted.size == 0:
        return 0.0
    calls = [*range(LOG_EVERY, counted.size, LOG_EVERY), counted.size]
    means = [_average_best(counted[:n], top) for n in calls]
    if counted.size < budget:
        calls, means = [*calls, budget], [*means, means[-1]]
    return float(np.trapezoid([0.0, *means], [0, *calls]) / budget)


def is_perfect(scores: Collection[float]) -> bool:
    """Say whether the best ten have the score 1, above which there is none.

    >>> is_perfect([1.0] * 10), is_perfect([1.0] * 9), is_perfect([0.9] + [1.0] * 10)
    (True, False, True)
    """
    return sum(score >= 1 - _ROUNDING for score in scores) >= N_TOP


def describe_run(smiles: Sequence[str], scores: Sequence[float], budget: int, library: Library) -> dict[str, float]:
    """Return the figures of a run.

    Args:
        smiles: canonical, in the order of the calls.
        scores: one each.
        budget: calls of a whole run.
        library: molecules that are not novel.

    Raises:
        InvalidSmilesError: one of the best is no molecule.
    """
    values = np.asarray(scores, dtype=np.float64)
    best = [smiles[row] for row in np.argsort(-values, kind="stable")[:N_BEST]]
    return {
        **{f"auc_top{top}": compute_auc(values, budget, top=top) for top in (1, 10, 100)},
        **{f"top{top}": _average_best(values, top) for top in (1, 10, 100)},
        **describe_molecules(best, library),
    }


def describe_molecules(smiles: Sequence[str], library: Library) -> dict[str, float]:
    """Return the mean SA score, internal diversity, and shares that are clean and that are not in the library.

    Internal diversity is 1 - the mean Tanimoto similarity of all pairs (Morgan bits, radius 2), as in PMO. All of
    them are NaN without a molecule, the diversity also with one alone.
    """
    mols = require_mols(smiles)
    n = len(mols)
    similarity = tanimoto(morgan_bits(mols), morgan_bits(mols))[np.triu_indices(n, 1)]
    return {
        "sa": _average(compute_descriptors(mols, ["sa"])[:, 0]),
        "diversity": 1 - _average(similarity),
        "clean": _average(find_clean(mols)),
        "novelty": _average([text not in library for text in smiles]),
    }


def find_clean(mols: Sequence[Mol]) -> NDArray[np.bool_]:
    """Return which molecules have no structural alert (PAINS, BRENK, NIH) and an SA score of at most 4; bool [N].

    >>> find_clean(require_mols(["CCO", "CC(=O)Cl"])).tolist()
    [True, False]
    """
    is_clean: NDArray[np.bool_] = (count_alerts(mols) == 0) & (compute_descriptors(mols, ["sa"])[:, 0] <= MAX_SA)
    return is_clean


def _average_best(scores: NDArray[np.float64], top: int) -> float:
    return _average(np.sort(scores)[::-1][:top])


def _average(values: ArrayLike) -> float:
    return float(np.asarray(values, dtype=np.float64).mean()) if np.size(values) else float("nan")
