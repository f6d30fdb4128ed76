"""A diversity filter: what a policy is paid for one more molecule with a scaffold it has used often."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import require_mols

Penalty = Literal["step", "linear"]


class MurckoBuckets:
    """Counts good molecules per Murcko scaffold and pays less, or nothing, once a bucket is full.

    After the scaffold filter of REINVENT (Blaschke et al., J. Cheminform. 2020, 12, 68). All acyclic
    molecules share one bucket, because none of them has a scaffold.
    """

    def __init__(self, *, bucket_size: int = 25, minimum_score: float = 0.4, penalty: Penalty = "step") -> None:
        """Make empty buckets.

        Args:
            bucket_size: good molecules per scaffold.
            minimum_score: what counts as good; below it a score is neither counted nor changed.
            penalty: `step` pays in full until the bucket is full and then nothing; `linear` pays less with
                every molecule that is already in the bucket.
        """
        self.bucket_size, self.minimum_score, self.penalty = bucket_size, minimum_score, penalty
        self._buckets: dict[str, list[str]] = {}

    def apply(self, smiles: Sequence[str], scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the good ones among these molecules, in their order, and return their adjusted scores.

        A molecule is counted once, but pays the price of its bucket each time it comes.

        Args:
            smiles: canonical SMILES.
            scores: float64 [N] in [0, 1].

        Raises:
            InvalidSmilesError: one of them is no molecule.
        """
        adjusted = scores.copy()
        good = np.flatnonzero(scores >= self.minimum_score).tolist()
        for row, mol in zip(good, require_mols([smiles[row] for row in good]), strict=True):
            bucket = self._buckets.setdefault(murcko_scaffold(mol), [])
            adjusted[row] *= self._pay(len(bucket))
            if smiles[row] not in bucket and len(bucket) < self.bucket_size:
                bucket.append(smiles[row])
        return adjusted

    def state_dict(self) -> dict[str, Any]:
        """Return the buckets, ready for JSON."""
        return {"buckets": {scaffold: list(bucket) for scaffold, bucket in self._buckets.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Replace the buckets by those of `state`."""
        self._buckets = {scaffold: list(bucket) for scaffold, bucket in state["buckets"].items()}

    def _pay(self, count: int) -> float:
        full = min(count / self.bucket_size, 1.0)
        return 1.0 - full if self.penalty == "linear" else float(full < 1.0)
