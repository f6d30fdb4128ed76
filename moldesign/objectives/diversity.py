"""A diversity filter: what a policy is paid for one more molecule of a kind that it has written often."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.leaders import Leaders
from moldesign.chem.scaffolds import murcko_scaffold
from moldesign.chem.smiles import Mol, require_mols

Penalty = Literal["step", "linear"]


class Buckets(ABC):
    """Counts good molecules per bucket and pays less, or nothing, once a bucket is full.

    After the scaffold filters of REINVENT (Blaschke et al., J. Cheminform. 2020, 12, 68).
    """

    def __init__(self, *, bucket_size: int = 25, minimum_score: float = 0.4, penalty: Penalty = "step") -> None:
        """Make empty buckets.

        Args:
            bucket_size: good molecules per bucket.
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
        rows = np.flatnonzero(scores >= self.minimum_score).tolist()
        good = [smiles[row] for row in rows]
        for row, text, name in zip(rows, good, self._name_buckets(good, require_mols(good)), strict=True):
            bucket = self._buckets.setdefault(name, [])
            adjusted[row] *= self._pay(len(bucket))
            if text not in bucket and len(bucket) < self.bucket_size:
                bucket.append(text)
        return adjusted

    def is_full(self, smiles: str) -> bool:
        """Say whether one more good molecule like this one would be paid nothing.

        Args:
            smiles: canonical SMILES.

        Raises:
            InvalidSmilesError: it is no molecule.
        """
        name = self._find_bucket(smiles)
        return name is not None and len(self._buckets.get(name, ())) >= self.bucket_size

    def state_dict(self) -> dict[str, Any]:
        """Return the buckets, ready for JSON."""
        return {"buckets": {name: list(bucket) for name, bucket in self._buckets.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Replace the buckets by those of `state`."""
        self._buckets = {name: list(bucket) for name, bucket in state["buckets"].items()}

    @abstractmethod
    def _name_buckets(self, smiles: Sequence[str], mols: Sequence[Mol]) -> list[str]:
        """Return the bucket of each of these good molecules, which come in this order."""

    @abstractmethod
    def _find_bucket(self, smiles: str) -> str | None:
        """Return the bucket of a molecule that is not counted; None if it would be the first in its own."""

    def _pay(self, count: int) -> float:
        full = min(count / self.bucket_size, 1.0)
        return 1.0 - full if self.penalty == "linear" else float(full < 1.0)


class MurckoBuckets(Buckets):
    """A bucket per Murcko scaffold. All acyclic molecules share one, because none of them has a scaffold."""

    def _name_buckets(self, smiles: Sequence[str], mols: Sequence[Mol]) -> list[str]:
        return [murcko_scaffold(mol) for mol in mols]

    def _find_bucket(self, smiles: str) -> str | None:
        return _find_scaffold(smiles)


class SimilarityBuckets(Buckets):
    """A bucket per centre: a molecule belongs to the first centre that it resembles, or becomes the next centre.

    Similarity is Tanimoto on Morgan fingerprints of radius 2.
    """

    def __init__(self, *, cutoff: float = 0.65, **options: Any) -> None:
        """Make empty buckets.

        Args:
            cutoff: the similarity from which a molecule belongs to a centre.
            options: those of `Buckets`.
        """
        super().__init__(**options)
        self._centres, self._leaders = list[str](), Leaders(cutoff)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Replace the buckets by those of `state`; a bucket has the name of its centre."""
        super().load_state_dict(state)
        self._centres, self._leaders = [], Leaders(self._leaders.cutoff)
        self._name_buckets(list(self._buckets), require_mols(list(self._buckets)))

    def _name_buckets(self, smiles: Sequence[str], mols: Sequence[Mol]) -> list[str]:
        numbers = self._leaders.assign(morgan_bits(mols)).tolist()
        for text, number in zip(smiles, numbers, strict=True):
            if number == len(self._centres):
                self._centres.append(text)
        return [self._centres[number] for number in numbers]

    def _find_bucket(self, smiles: str) -> str | None:
        [number] = self._leaders.find(_find_bits(smiles)).tolist()
        return self._centres[number] if number >= 0 else None


# A search asks for the molecules of its library again and again.
@lru_cache(maxsize=10_000)
def _find_scaffold(smiles: str) -> str:
    return murcko_scaffold(require_mols([smiles])[0])


@lru_cache(maxsize=10_000)
def _find_bits(smiles: str) -> NDArray[np.uint8]:
    return morgan_bits(require_mols([smiles]))
