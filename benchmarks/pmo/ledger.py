"""The count of the calls, which no method can go around: every unique valid molecule that is scored costs one.

The counter of `moldesign.objectives` is part of what is measured here, so that the benchmark has its own.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pmo.cells import Protocol
from benchmarks.pmo.figures import find_clean
from benchmarks.pmo.oracles import Oracle
from moldesign.chem.smiles import canonicalize, parse_smiles, require_mols
from moldesign.errors import ObjectiveError


class Ledger:
    """Scores molecules until the budget is spent.

    Args:
        oracle: of the task.
        protocol: budget and rules.
    """

    def __init__(self, oracle: Oracle, protocol: Protocol) -> None:
        self._oracle, self.protocol = oracle, protocol
        self.scores: dict[str, float] = {}
        """By canonical SMILES, in the order of the calls."""
        self.oracle_seconds = 0.0

    @property
    def remaining(self) -> int:
        """Calls that are left."""
        return self.protocol.budget - len(self.scores)

    def score(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each text, float64 [N]; known molecules cost nothing, and so does what is no molecule.

        As in PMO, 0 stands for what is no molecule, and for new molecules that the budget does not cover.

        Raises:
            ObjectiveError: the oracle gave something that is no number from 0 to 1.
        """
        texts = [None if mol is None else canonicalize(mol) for mol in parse_smiles(smiles).mols]
        unknown = [text for text in dict.fromkeys(texts) if text is not None and text not in self.scores]
        self._pay(unknown[: self.remaining])
        return np.array([0.0 if text is None else self.scores.get(text, 0.0) for text in texts], dtype=np.float64)

    def state_dict(self) -> dict[str, Any]:
        """Return what was scored, ready for JSON."""
        return {"scores": list(self.scores.items()), "oracle_seconds": self.oracle_seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self.scores = dict(state["scores"])
        self.oracle_seconds = state["oracle_seconds"]

    def _pay(self, smiles: Sequence[str]) -> None:
        if not smiles:
            return
        began = time.monotonic()
        scores = self._oracle(smiles)
        if self.protocol.clean:
            scores = np.where(find_clean(require_mols(smiles)), scores, 0.0)
        self.oracle_seconds += time.monotonic() - began
        if (wrong := ~((scores >= 0) & (scores <= 1))).any():
            row = int(wrong.argmax())
            raise ObjectiveError(f"the oracle gave {scores[row]} for {smiles[row]!r}; expected a number from 0 to 1")
        self.scores.update(zip(smiles, scores.tolist(), strict=True))
