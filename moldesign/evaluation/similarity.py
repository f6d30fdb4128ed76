"""How alike sets of molecules are: within themselves, and one to the other."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.fingerprints import nearest, tanimoto
from moldesign.chem.leaders import Leaders

CIRCLE_DISTANCE = 0.75
"""Tanimoto distance that the centres of circles are apart."""

Tell = Callable[[float], None]
"""Told the share of a long comparison that is done."""

_BLOCK = 4096


def measure_diversity(bits: NDArray[np.uint8], *, tell: Tell = lambda share: None) -> tuple[float, float]:
    """Return the internal diversity with p = 1 and with p = 2 (arXiv:1811.12823), both 0 to 1; NaN of an empty set.

    1 - mean(T), and 1 - the mean over the molecules of sqrt(mean(T^2)), T being the Tanimoto similarity of all pairs,
    those of a molecule with itself included.

    Args:
        bits: packed fingerprints, uint8 [N, bytes].
        tell: called now and then.

    >>> measure_diversity(np.array([[0b11], [0b01]], np.uint8))[0]  # 1 - (1 + 1/2 + 1/2 + 1) / 4
    0.25
    """
    n = len(bits)
    if n == 0:
        return float("nan"), float("nan")
    starts = range(0, n, _BLOCK)
    n_pairs, done = len(starts) * (len(starts) + 1) / 2, 0
    total, squares = 0.0, np.zeros(n)
    for i in starts:
        for j in range(i, n, _BLOCK):
            block = tanimoto(bits[i : i + _BLOCK], bits[j : j + _BLOCK])
            total += float(block.sum(dtype=np.float64)) * (1 if i == j else 2)
            np.square(block, out=block)
            squares[i : i + _BLOCK] += block.sum(axis=1, dtype=np.float64)
            if i != j:
                squares[j : j + _BLOCK] += block.sum(axis=0, dtype=np.float64)
            done += 1
            tell(done / n_pairs)
    return 1 - total / n**2, 1 - float(np.sqrt(squares / n).mean())


def measure_nearest(
    bits: NDArray[np.uint8], reference: NDArray[np.uint8], *, tell: Tell = lambda share: None
) -> NDArray[np.float32]:
    """Return the Tanimoto similarity of each row to its nearest of the reference, float32 [N]; their mean is the SNN.

    Raises:
        ValueError: the reference is empty.
    """
    found = [np.zeros(0, dtype=np.float32)]
    for start in range(0, len(bits), _BLOCK):
        found.append(nearest(bits[start : start + _BLOCK], reference).similarity)
        tell(min(1.0, (start + _BLOCK) / len(bits)))
    return np.concatenate(found)


def count_circles(bits: NDArray[np.uint8]) -> int:
    """Return the number of circles (arXiv:2112.12542): molecules that are pairwise more than 0.75 apart.

    They are picked in the order of the rows, each that is far enough from all picked before: the largest number there
    is may be a little larger.

    >>> count_circles(np.array([[0b0111], [0b0011], [0b1000]], np.uint8))
    2
    """
    leaders = Leaders(1 - CIRCLE_DISTANCE)
    leaders.assign(bits)
    return len(leaders)


def compare_counts(counts: Counter[str], reference: Counter[str]) -> float:
    """Return the cosine similarity of two counts of pieces, 0 to 1; NaN where either is empty.

    >>> round(compare_counts(Counter("aaaab"), Counter("aaaabbbb")), 4), compare_counts(Counter("a"), Counter("b"))
    (0.8575, 0.0)
    """
    if not counts or not reference:
        return float("nan")
    norms = [float(np.linalg.norm(list(one.values()))) for one in (counts, reference)]
    shared = sum(count * reference[piece] for piece, count in counts.items() if piece in reference)
    return min(1.0, shared / (norms[0] * norms[1]))


def share_with_unseen(pieces: Sequence[Sequence[str]], seen: set[str]) -> float:
    """Return the share of molecules with at least one piece that is not among those seen; NaN without molecules.

    >>> share_with_unseen([("a",), ("a", "b"), ()], {"a"}) == 1 / 3
    True
    """
    if not pieces:
        return float("nan")
    return sum(any(piece not in seen for piece in one) for one in pieces) / len(pieces)
