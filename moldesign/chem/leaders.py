"""Leader clustering by Tanimoto similarity: what is called a near-duplicate, and of what."""

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.fingerprints import tanimoto

_BLOCK = 512
"""Rows compared with each other and with all leaders at once."""


class Leaders:
    """Assigns fingerprints, in their order, to the first leader that they resemble; what resembles none becomes one.

    With the best molecules first, the leaders are a sphere-exclusion pick: no two of them are as similar as the cutoff
    (Gobbi and Lee, J. Chem. Inf. Comput. Sci. 2003, 43, 317).

    >>> leaders = Leaders(0.5)
    >>> leaders.assign(np.array([[0b0111], [0b1000], [0b0110]], np.uint8)).tolist(), len(leaders)
    ([0, 1, 0], 2)
    """

    def __init__(self, cutoff: float) -> None:
        """Begin without a leader.

        Args:
            cutoff: the Tanimoto similarity from which two molecules resemble each other, above 0.
        """
        self.cutoff = cutoff
        self._bits: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return 0 if self._bits is None else len(self._bits)

    def assign(self, bits: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the number of each row's leader, int64 [N]; leaders are numbered from 0 in the order they came.

        Args:
            bits: packed fingerprints, uint8 [N, bytes]. An empty one resembles nothing, not even itself.
        """
        blocks = [self._assign_block(bits[start : start + _BLOCK]) for start in range(0, len(bits), _BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int64)

    def find(self, bits: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the number of each row's leader as far as there is one, int64 [N]; else -1.

        Args:
            bits: packed fingerprints, uint8 [N, bytes].
        """
        if self._bits is None:
            return np.full(len(bits), -1, dtype=np.int64)
        resembles = tanimoto(bits, self._bits) >= self.cutoff
        return np.where(resembles.any(axis=1), resembles.argmax(axis=1), -1)

    def _assign_block(self, bits: NDArray[np.uint8]) -> NDArray[np.int64]:
        known = bits[:0] if self._bits is None else self._bits
        numbers = self.find(bits)
        left = np.flatnonzero(numbers < 0)
        alike = tanimoto(bits[left], bits[left]) >= self.cutoff
        fresh: list[int] = []
        for place, row in enumerate(left.tolist()):
            if numbers[row] < 0:
                followers = left[place:][alike[place, place:]]
                numbers[followers[numbers[followers] < 0]] = numbers[row] = len(known) + len(fresh)
                fresh.append(row)
        self._bits = np.concatenate([known, bits[fresh]])
        return numbers
