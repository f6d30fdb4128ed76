"""Which pieces of molecules have been tried: where scores tell nothing, what is new is worth the most."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator

from moldesign.chem.smiles import Mol

N_BITS = 2**20
"""Positions to which paths are folded."""
MAX_BONDS = 6
"""Length of the longest paths; circular environments of radius 1 instead of paths find no more than chance does."""


class Coverage:
    """Chooses molecules with many pieces that no molecule before them had, common pieces before odd ones.

    A piece is a path of up to six bonds, and is worth the square root of its frequency among ordinary molecules. The
    gain of a molecule is the worth of its untried pieces over the square root of the number of all its pieces.

    Args:
        typical: ordinary molecules.
    """

    def __init__(self, typical: Sequence[Mol]) -> None:
        counts = np.ones(N_BITS)
        for mol in typical:
            counts[find_paths(mol)] += 1
        self._worths = np.sqrt(counts)

    def mark(self, mols: Sequence[Mol]) -> None:
        """Take in that these were tried."""
        for mol in mols:
            self._worths[find_paths(mol)] = 0

    def choose(self, mols: Sequence[Mol], n: int) -> list[int]:
        """Return the rows of up to `n` molecules, one after the other the one that gains most beside those before it.

        They do not count as tried before they are marked.
        """
        worths, paths = self._worths.copy(), [find_paths(mol) for mol in mols]
        gains = np.array([_measure(worths, found) for found in paths])
        chosen: list[int] = []
        while len(chosen) < min(n, len(mols)):
            row = int(np.argmax(gains))
            gain = _measure(worths, paths[row])
            if gain < gains[row]:  # others took some of its pieces since; gains only fall
                gains[row] = gain
                continue
            chosen.append(row)
            worths[paths[row]] = 0
            gains[row] = -np.inf
        return chosen


def find_paths(mol: Mol) -> NDArray[np.int64]:
    """Return the positions of a molecule's paths, each once.

    >>> from moldesign.chem.smiles import require_mols
    >>> [len(find_paths(mol)) for mol in require_mols(["C", "CCO"])]
    [0, 3]
    """
    return np.array(_path_generator().GetFingerprint(mol).GetOnBits(), dtype=np.int64)


def _measure(worths: NDArray[np.float64], paths: NDArray[np.int64]) -> float:
    return float(worths[paths].sum() / np.sqrt(max(len(paths), 1)))


@cache
def _path_generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetRDKitFPGenerator(
        maxPath=MAX_BONDS, fpSize=N_BITS, numBitsPerFeature=1, branchedPaths=False
    )
