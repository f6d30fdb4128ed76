"""The most that a score can be, where a part of it is known before the dear part is computed."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

FindCeilings = Callable[[Sequence[str]], NDArray[np.float64]]
"""Returns for N molecules, in canonical form, the most that each score can be, float64 [N] in [0, 1]."""


class Ceilings:
    """What is known of scores beforehand: a score is its ceiling times a part in [0, 1] that only a call can tell.

    Values are computed once and kept as they were: in another batch a network's last bit may be another one.

    Args:
        find: computes them; without it all of a score is unknown, and every ceiling is 1.
    """

    def __init__(self, find: FindCeilings | None = None) -> None:
        self._find = find
        self._known: dict[str, float] = {}

    @property
    def are_known(self) -> bool:
        """Whether anything is known beforehand."""
        return self._find is not None

    def find(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """Return the ceilings of N molecules, float64 [N]."""
        if self._find is None:
            return np.ones(len(smiles))
        new = [text for text in dict.fromkeys(smiles) if text not in self._known]
        if new:
            self._known.update(zip(new, self._find(new).tolist(), strict=True))
        return np.array([self._known[text] for text in smiles], dtype=np.float64)

    def find_parts(self, smiles: Sequence[str], scores: Sequence[float]) -> NDArray[np.float64]:
        """Return what only the calls told of the scores of N molecules, float64 [N]; NaN where the ceiling is 0.

        >>> half = Ceilings(lambda smiles: np.array([0.5, 0.0]))
        >>> half.find_parts(["CCO", "CCN"], [0.4, 0.0]).tolist()
        [0.8, nan]
        """
        values = np.asarray(scores, dtype=np.float64)
        if self._find is None:
            return values
        ceilings = self.find(smiles)
        parts = np.full(len(values), np.nan)
        np.divide(values, ceilings, out=parts, where=ceilings > 0)
        return parts.clip(max=1.0)

    def rank(self, smiles: Sequence[str]) -> list[str]:
        """Return the molecules, those with the highest ceiling first, equal ones in their order."""
        if self._find is None:
            return list(smiles)
        return [smiles[row] for row in np.argsort(-self.find(smiles), kind="stable").tolist()]

    def keep(self, smiles: Iterable[str]) -> None:
        """Forget all others."""
        if not self._known:
            return
        kept = set(smiles)
        self._known = {text: value for text, value in self._known.items() if text in kept}

    def state_dict(self) -> dict[str, float]:
        """Return what is kept, ready for JSON."""
        return dict(self._known)

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Keep this, and nothing else."""
        self._known = dict(state)
